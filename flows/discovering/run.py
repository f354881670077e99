"""Listen to a broker, and find the rules that read what it carries."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from edge.config.sections import Mqtt
from edge.errors import BrokerError
from edge.messages.presets.table import PRESETS
from flows.discovering.listen import Listener
from flows.discovering.zone import machine_zone, zone_at
from pipeline.discovery.finder import Discovery, discover
from pipeline.samples.heard import Heard


def discovered(
    mqtt: Mqtt, filters: Sequence[str], seconds: float, say: Callable[[str], None], *, stoppable: bool = True
) -> Discovery:
    """What a broker carries, heard for so long or until Ctrl-C.

    Args:
        mqtt: the broker and the account.
        filters: topic filters to listen to.
        seconds: longest time to listen.
        say: function called with what a person should know meanwhile.
        stoppable: whether Ctrl-C ends the listening only, and not the command.

    Raises:
        BrokerError: the broker cannot be reached or refuses us, or nothing was heard.
    """
    heard = Heard()
    early = "; Ctrl-C ends it early" if stoppable else ""
    say(f"listening to {mqtt.url} for {seconds:g} s{early}")
    listened = Listener(mqtt, filters, heard).listen(seconds)
    if listened.stopped and not stoppable:
        raise KeyboardInterrupt
    if not heard.messages:
        hint = "do devices publish to this broker, and may this account read them? --seconds 300 listens longer"
        raise BrokerError(f"heard nothing from {mqtt.url} in {listened.seconds:.0f} s; {hint}")
    if listened.losses:
        say(f"the connection was lost {listened.losses} times; some messages may be missing")
    zone, now = machine_zone(), datetime.fromtimestamp(time.time(), UTC)
    return discover(heard, listened.seconds, lambda offset: zone_at(offset, zone, now), PRESETS)
