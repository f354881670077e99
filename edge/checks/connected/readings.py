"""What a broker sends while we listen, read by the rules of the configuration: as the agent reads it, and nothing is kept."""

import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from edge.checks.finding import Finding, warning
from edge.clock.trust import Trust
from edge.config.sections import Config
from edge.contract.columns import SeriesTable
from edge.inputs.kept import Inputs
from edge.log import Grumbler
from edge.messages.intake import Intake
from edge.messages.message import Message
from edge.messages.names import least_filters
from edge.messages.reading import Naming, meaning_of
from edge.messages.topics import UNHEARD
from edge.publish.making import births
from edge.publish.topics import Plan
from edge.quoting import one_line, quoted

SHOWN = 5  # topics in trouble, rules without a message
LONGEST_TOPIC = 80
HELD_BACK = (
    "do devices publish to this broker? may this account read them? mosquitto grants every subscription, and sends nothing "
    "of what its access list forbids; --listen 60 listens longer"
)


def filters_of(config: Config) -> list[str]:
    """The topic filters that the agent subscribes to."""
    plan = Plan.of(config.publish, config.mqtt.client_id)
    heard = [*Inputs(config.input).filters, *births(plan, config.mqtt.share)]
    return least_filters([*(ingest.filter for ingest in config.ingests()), *heard])


class Heard:
    """Reads what comes.

    Args:
        config: configuration of the agent.
    """

    def __init__(self, config: Config) -> None:
        self._ingests = config.ingests()
        filters = [ingest.filter for ingest in self._ingests]
        self.largest = max(ingest.largest for ingest in self._ingests)
        self._series = SeriesTable(meaning=partial(meaning_of, self._ingests))
        inputs = Inputs(config.input, filters)
        self._plan = Plan.of(config.publish, config.mqtt.client_id, config.alert, [*filters, *inputs.filters])
        trust = Trust(lambda _: None, time.monotonic(), event=config.agent.clock == "event")
        naming = Naming(self._series, self._ingests, config.agent.max_series, moment=time.monotonic)
        self._intake = Intake(
            naming,
            count=lambda _kind, _number: None,
            arrival=lambda _: None,
            grumbler=Grumbler(lambda _: None),
            trust=trust,
        )
        self._intake.beside = inputs
        self.published = 0  # messages of agents

    def take(self, messages: list[Message]) -> None:
        """Read messages; what agents publish is nobody's reading."""
        sensors = [message for message in messages if not self._plan.is_ours(message.topic)]
        self.published += len(messages) - len(sensors)
        if sensors:
            self._intake.take(sensors)

    def findings(self, seconds: float) -> list[Finding]:
        """What came: a line for all, and one for each of a few topics of which messages were skipped.

        Args:
            seconds: time for which we listened.
        """
        documents = self._intake.records.documents()
        told = f"in {seconds:g} s"
        if not documents:
            return [warning("readings", f"no message came {told}", HELD_BACK)]
        messages, readings = (sum(int(document[key]) for document in documents) for key in ("messages", "readings"))  # type: ignore[call-overload]
        text = f"{messages:,} messages of {len(documents):,} topics came {told}: {readings:,} readings of "
        text += f"{len(self._series):,} series"
        skipped: Counter[str] = Counter()
        for document in documents:
            skipped.update(_skipped(document))
        if skipped:
            text += "; skipped: " + ", ".join(f"{kind} {count:,}" for kind, count in skipped.most_common())
        silent = self._silent(documents)
        if silent:
            names = ", ".join(map(quoted, silent[:SHOWN])) + (", ..." if len(silent) > SHOWN else "")
            text += f"; nothing yet for {len(silent)} of {len(self._rules)} [[ingest]] topics: {names}"
        troubled = [document for document in documents if not UNHEARD.issuperset(_skipped(document))]
        lines = [_trouble(document) for document in troubled[:SHOWN]]
        if rest := len(troubled) - len(lines):
            lines.append(
                warning("readings", f"{rest:,} more topics are like that", "gatecast-agent topics lists all of a running agent")
            )
        if not readings and not lines:
            return [
                warning("readings", text, "retained messages without a time say nothing of now; --listen 60 listens longer")
            ]
        return [Finding("readings", text), *lines]

    @property
    def _rules(self) -> list[str]:
        return list(dict.fromkeys(ingest.topic for ingest in self._ingests))

    def _silent(self, documents: list[dict[str, object]]) -> list[str]:
        """Topics of the rules for which nothing came."""
        heard = {rule for document in documents for rule in document["rules"]}  # type: ignore[attr-defined]
        return [rule for rule in self._rules if rule not in heard]


def _skipped(document: Mapping[str, Any]) -> dict[str, int]:
    """Numbers of what was skipped of a topic, by the reason."""
    return {str(kind): int(count) for kind, count in document["skipped"].items()}


def _trouble(document: Mapping[str, Any]) -> Finding:
    topic, payload = one_line(document["topic"])[:LONGEST_TOPIC], one_line(document["payload"])
    return warning(
        "readings",
        f"topic {topic}: {sum(_skipped(document).values()):,} skipped, {one_line(document['reason'])}; payload {payload}",
        "gatecast discover proposes the rule that reads it",
    )
