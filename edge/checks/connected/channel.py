"""The release channel: reached, its bundle read and verified, and tried as the agent tries it."""

import time
from http.client import HTTPException

from edge.checks.configured import judged
from edge.checks.connected.clock import ADVICE, difference
from edge.checks.finding import Finding, of_error, warning, wrong
from edge.clock.dates import seconds_ahead
from edge.config.sections import Config
from edge.errors import GatecastError
from edge.quoting import one_line, without_account
from edge.release.channel import Source
from edge.release.releases import NOTHING_YET

PATIENCE = 15.0  # seconds for a file


def check_channel(config: Config, patience: float = PATIENCE) -> list[Finding]:
    """Whether a web server's channel names a bundle that this device would take; a path was looked at before.

    Args:
        config: configuration.
        patience: seconds that a file may take.
    """
    address = config.release.channel
    if not address:
        return [Finding("channel", "[release] channel is empty: no other bundle will come")]
    source = Source(address, config.release.tls, password=config.release.password(), deadline=patience)
    shown = without_account(address)
    if not source.remote:
        return [Finding("channel", f"{shown}, a path on this machine: the line 'bundle' says what is there")]
    try:
        channel = source.read_channel()
    except (OSError, HTTPException) as error:
        reason = one_line(str(getattr(error, "reason", None) or error) or type(error).__name__)
        return [wrong("channel", f"{shown} cannot be read: {reason}", f"check [release] channel{NOTHING_YET}")]
    except GatecastError as error:
        return [of_error("channel", error, "check [release] channel; is it the document of a registry?")]
    apart = difference(seconds_ahead(source.date, time.time()) or 0.0)
    named = Finding("channel", f"{shown} names {channel.version}, since {channel.changed}")
    try:
        _, of_bundle = judged(config, source.read_bundle(channel))
    except (OSError, HTTPException, GatecastError) as error:
        return [named, of_error("channel", error, "release again with gatecast promote; the agent keeps the bundle it has")]
    clocks = [] if apart is None else [warning("clock", f"the web server's clock is {apart} this machine's", ADVICE)]
    return [named, *clocks, Finding("channel", of_bundle.text, of_bundle.grade, of_bundle.advice)]
