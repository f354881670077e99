"""Names on the broker and in Home Assistant, and which topics are nobody's readings.

The name of a series becomes one level of a topic as it would become one level of a URL: letters, digits and `_.-~` stay, and
each other byte of its UTF-8 is written `%2F`. So no two series share a topic, and every program can read the name back.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote

from edge.alerts.rule import AlertRule
from edge.anomalies.rule import OFF, AnomalyRule
from edge.messages.names import TopicTemplate
from edge.publish.settings import CLIENT, Publish

OURS = "gatecast"
KINDS = {"forecast": 1, "alert": 2, "anomaly": 1, "status": 0}  # with the number of names behind each
ANOMALY_OF = ("anomaly", "of")  # before the name of a series: two names, as those of an alert are one and the series
LONGEST_NAME = 40  # characters of a name in an identifier; its digest tells names apart
# Devices of ours, and entities that Home Assistant publishes again (MQTT Statestream): their names begin with ours.
STATES = re.compile(rf"(?:^|/)(?:(?:binary_)?sensor|device)/{OURS}_")


def level(name: str) -> str:
    """A name as one level of a topic."""
    return quote(name, safe="")


def identifier(client_id: str, *names: str) -> str:
    """An identifier for Home Assistant: letters, digits, `_` and `-`; another one for other names."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(names or (client_id,))).strip("_").lower()[:LONGEST_NAME]
    digest = blake2b("\0".join([client_id, *names]).encode(), digest_size=6).hexdigest()
    return "_".join(filter(None, [OURS, words, digest]))


def is_published(topic: str) -> bool:
    """Whether an agent publishes on a topic with the usual settings, or Home Assistant what it had from one."""
    if not topic.startswith(f"{OURS}/"):
        return OURS in topic and STATES.search(topic) is not None
    levels = topic.split("/", 3)
    return len(levels) > 2 and levels[2] in KINDS


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one agent.

    Args:
        prefix: beginning of those of forecasts and status.
        discovery: beginning of those of Home Assistant.
        client_id: name of the agent at the broker.
    """

    prefix: str
    discovery: str
    client_id: str

    @property
    def status(self) -> str:
        """Topic that says whether the agent is there."""
        return f"{self.prefix}/status"

    @property
    def birth(self) -> str:
        """Topic on which Home Assistant says that it is there."""
        return f"{self.discovery}/status"

    def forecast(self, series: str) -> str:
        """Topic of the forecasts of a series."""
        return f"{self.prefix}/forecast/{level(series)}"

    def alert(self, rule: str, series: str) -> str:
        """Topic of the alert of a rule and a series."""
        return f"{self.prefix}/alert/{level(rule)}/{level(series)}"

    def anomaly(self, series: str) -> str:
        """Topic of the anomaly of a series."""
        return f"{self.prefix}/anomaly/{level(series)}"

    def device(self, *names: str) -> str:
        """Topic of a device for Home Assistant: of a series, an alert or an anomaly; of the agent where no name is given."""
        return f"{self.discovery}/device/{identifier(self.client_id, *names)}/config"

    def is_ours(self, topic: str) -> bool:
        """Whether the agent itself publishes on a topic."""
        if topic.startswith(f"{self.prefix}/"):
            kind, *names = topic[len(self.prefix) + 1 :].split("/")
            return KINDS.get(kind) == len(names)
        return topic.startswith(f"{self.discovery}/device/{OURS}_")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an agent publishes.

    Args:
        settings: section `[publish]`; where it is left out, one by which nothing is published.
        topics: topics of the agent.
        active: whether the section is there.
        rules: rules of alerts.
        named: filters of a configuration that begin with our name: somebody wants the forecasts of another agent.
        anomaly: section `[anomaly]`.
    """

    settings: Publish
    topics: Topics
    active: bool
    rules: Sequence[AlertRule] = ()
    named: Sequence[TopicTemplate] = ()
    anomaly: AnomalyRule = OFF

    @classmethod
    def of(
        cls,
        settings: Publish | None,
        client_id: str,
        rules: Sequence[AlertRule] = (),
        filters: Iterable[str] = (),
        anomaly: AnomalyRule = OFF,
    ) -> "Plan":
        """What a configuration asks for.

        Args:
            settings: section `[publish]`, or None.
            client_id: name of the agent at the broker.
            rules: rules of alerts.
            filters: filters of all topics that it reads.
            anomaly: section `[anomaly]`.
        """
        named = [TopicTemplate(text) for text in filters if text.startswith(f"{OURS}/")]
        asked = settings or Publish(series=())
        topics = Topics(asked.topic.replace(CLIENT, level(client_id)), asked.discovery, client_id)
        return cls(asked, topics, settings is not None, rules, named, anomaly)

    @property
    def discovers(self) -> bool:
        """Whether Home Assistant is told of devices."""
        return self.active and self.settings.home_assistant

    def is_ours(self, topic: str) -> bool:
        """Whether this agent publishes on a topic, or another one may whose forecasts nobody asked for by name."""
        if self.active and self.topics.is_ours(topic):
            return True
        return is_published(topic) and not any(template.match(topic) is not None for template in self.named)

    def rules_of(self, series: str) -> list[str]:
        """Names of the rules of a series."""
        return [rule.name for rule in self.rules if rule.takes(series)]

    def publishes_alert(self, rule: str, series: str) -> bool:
        """Whether the alert of a rule and a series is published; that of a rule that is no more was removed at the start."""
        return self.settings.wants(series) and any(each.name == rule and each.takes(series) for each in self.rules)

    def watches(self, series: str) -> bool:
        """Whether the anomalies of a series are looked for."""
        return self.anomaly.every != "off" and self.anomaly.takes(series)

    def publishes_anomaly(self, series: str) -> bool:
        """Whether the anomalies of a series are published."""
        return self.settings.wants(series) and self.watches(series)

    def kept(self, series: str) -> Iterator[str]:
        """Topics of a series on which the broker keeps a message."""
        if self.settings.retain:
            yield self.topics.forecast(series)
        if self.discovers:
            yield self.topics.device(series)
        for rule in self.rules_of(series):
            yield self.topics.alert(rule, series)
            if self.discovers:
                yield self.topics.device(rule, series)
        if self.watches(series):
            yield self.topics.anomaly(series)
            if self.discovers:
                yield self.topics.device(*ANOMALY_OF, series)

    def kept_of(self, names: Iterable[str]) -> set[str]:
        """Topics on which the broker keeps a message, of the agent and of those of the series that are published."""
        if not self.active:
            return set()
        of_agent = [self.topics.status, *([self.topics.device()] if self.discovers else [])]
        return {*of_agent, *(topic for name in names if self.settings.wants(name) for topic in self.kept(name))}
