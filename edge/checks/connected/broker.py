"""The broker of a configuration: reached, logged in to, subscribed, listened to, and written where the agent publishes."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from edge.broker.client import shared
from edge.broker.reasons import ACCESS, OF_FILTERS
from edge.broker.subscriber import KEPT, ONLY_QOS_0
from edge.checks.connected.readings import Heard, filters_of
from edge.checks.connected.visit import PATIENCE, Echo, Visit
from edge.checks.finding import Finding, of_error, warning, wrong
from edge.config.sections import Config, Mqtt
from edge.errors import BrokerError, GatecastError
from edge.publish.topics import OURS, Plan
from edge.quoting import quoted

SHOWN = 5  # filters in a line
REFUSED = 0x80


@dataclass(frozen=True, slots=True)
class Listening:
    """How long to listen and to wait.

    Args:
        seconds: time for which readings are awaited; 0: they are not.
        patience: longest time for each answer of the broker, seconds.
    """

    seconds: float = 5.0
    patience: float = PATIENCE


def check_broker(config: Config, listening: Listening = Listening()) -> Iterator[Finding]:
    """Everything that the agent will want of the broker, under another name, so that no session of an agent is touched."""
    heard = Heard(config)
    try:
        with Visit(config.mqtt, heard.take, heard.largest, listening.patience) as visit:
            yield Finding("broker", visit.connect())
            yield from _subscribed(visit, config)
            if listening.seconds:
                visit.listen(listening.seconds)
                yield from heard.findings(listening.seconds)
        yield from _written(config, listening.patience)
    except GatecastError as error:
        yield of_error("broker", error)


def _subscribed(visit: Visit, config: Config) -> list[Finding]:
    """Which filters the broker grants; a group is asked for by another name, or its agents would miss what we get."""
    filters = filters_of(config)
    group = None if config.mqtt.share is None else visit.name
    codes = {topic: visit.subscribe(shared(topic, group)) for topic in filters}
    granted = [topic for topic, code in codes.items() if code < REFUSED]
    findings = [
        wrong("subscription", f"the broker refuses {topic!r}", f"{OF_FILTERS.get(code, ACCESS)}: let the account read it")
        for topic, code in codes.items()
        if code >= REFUSED
    ]
    if granted:
        names = ", ".join(map(quoted, granted[:SHOWN])) + (", ..." if len(granted) > SHOWN else "")
        findings.insert(0, Finding("subscription", f"{len(granted)} of {len(filters)} filters are granted: {names}"))
    if any(codes[topic] not in KEPT for topic in granted):
        findings.append(warning("subscription", ONLY_QOS_0, "use a broker that grants QoS 1 if no reading may be lost"))
    return findings


def _written(config: Config, patience: float) -> list[Finding]:
    """Whether a message comes back: on a topic that nobody reads, or where the agent will publish."""
    sign = f"{OURS}-check-{secrets.token_hex(4)}"
    if config.publish is None:
        topic = f"{OURS}/{sign}/status"  # what no agent takes for a reading
        echo = _echo(config.mqtt, topic, patience, retained=False)
        if echo.seconds is None:
            return [
                Finding("round trip", "this account may not write to the broker, which the agent needs for [publish] alone")
            ]
        return [Finding("round trip", f"a message came back after {1000 * echo.seconds:,.0f} ms")]
    topics = Plan.of(config.publish, config.mqtt.client_id).topics
    tried = [(topics.forecast(sign), f"{topics.prefix}/#", config.publish.retain)]
    if config.publish.home_assistant:
        tried.append((topics.device(sign), f"{topics.discovery}/device/#", True))
    return [
        _meaning(_echo(config.mqtt, topic, patience, retained=retained), filters, retained=retained)
        for topic, filters, retained in tried
    ]


def _echo(mqtt: Mqtt, topic: str, patience: float, *, retained: bool) -> Echo:
    """What becomes of a message; MQTT 3.1.1 has no word for a refusal, so that the same is asked with MQTT 5."""
    with Visit(mqtt, patience=patience) as visit:
        visit.connect()
        if retained and not getattr(visit.told, "RetainAvailable", 1):
            return Echo("the broker keeps no messages: set [publish] retain = false", None, readable=False)
        echo = visit.echo(topic, retained=retained)
    if echo.seconds is None and mqtt.version != "5":
        try:
            with Visit(msgspec.structs.replace(mqtt, version="5"), patience=patience) as visit:
                visit.connect()
                return visit.echo(topic, retained=retained)
        except BrokerError:  # of a broker that has no MQTT 5
            return echo
    return echo


def _meaning(echo: Echo, filters: str, *, retained: bool) -> Finding:
    """What an echo means for `[publish]`."""
    kept = ", also with the wish to be kept" if retained else ""
    if echo.seconds is not None:
        return Finding("publish", f"a message under {filters} came back after {1000 * echo.seconds:,.0f} ms{kept}")
    if echo.refusal is not None:
        return wrong(
            "publish", f"the broker refuses a message under {filters}: {echo.refusal}", f"{ACCESS}: let the account write it"
        )
    if not echo.readable:
        return Finding("publish", f"the broker takes a message under {filters}{kept}; this account may not read it back")
    return warning(
        "publish",
        f"a message under {filters} was taken and did not come back",
        f"{ACCESS}: the account may not write it, or not read it",
    )


def longest(listening: Listening, filters: Sequence[str]) -> float:
    """Seconds that all of it may take."""
    return listening.seconds + listening.patience * (14 + len(filters))
