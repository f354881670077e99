"""All checks of the world outside for one configuration, at once."""

from collections.abc import Iterator
from functools import partial

from edge.checks.configured import Checked
from edge.checks.connected.broker import Listening, check_broker, longest
from edge.checks.connected.channel import check_channel
from edge.checks.connected.clock import check_clock
from edge.checks.connected.disk import check_disk
from edge.checks.connected.others import check_agent, check_sources
from edge.checks.connected.readings import filters_of
from edge.checks.connected.runtime import check_runtime
from edge.checks.connected.store import check_store
from edge.checks.connected.together import Check, together
from edge.checks.finding import Finding

SOURCES = 15.0  # seconds
STORE = 10.0  # seconds
CHANNEL = 40.0  # seconds: a document, a manifest and a model
MACHINE = 20.0  # seconds


def connected(checked: Checked, listening: Listening) -> Iterator[Finding]:
    """The findings, each as soon as it is known; nothing where the configuration cannot be used.

    Args:
        checked: configuration and bundle, as they were found.
        listening: times for the broker.
    """
    config = checked.config
    if config is None:
        return
    yield from check_runtime(checked)  # alone: others would take the processor
    busy = "is the disk dying, or a network drive away?"
    checks = [
        Check("disk", partial(check_disk, config), MACHINE, busy),
        Check("clock", check_clock, MACHINE, "please report it"),
        Check(
            "store",
            partial(check_store, config, checked.bundle),
            STORE,
            "is the server overloaded, another program there, or the file locked? check [store] url",
        ),
        Check("history", partial(check_sources, config), SOURCES, "check url of [[history]], and the server there"),
        Check("agent", partial(check_agent, config), MACHINE, "does it hang? its log and /healthz tell more"),
        Check("channel", partial(check_channel, config), CHANNEL, "check [release] channel, and the web server there"),
        Check(
            "broker",
            partial(check_broker, config, listening),
            longest(listening, filters_of(config)),
            "check [mqtt] url, and the broker's log",
        ),
    ]
    yield from together(checks)
