"""An intake whose counts, lines and clocks can be looked at."""

from collections import Counter

from edge.clock.trust import Trust
from edge.contract.columns import SeriesTable
from edge.contract.times import SECOND
from edge.log import Grumbler
from edge.messages.ingest import Ingest
from edge.messages.intake import Intake
from edge.messages.message import Arrival, Message
from edge.messages.reading import Naming
from tests.support.ingests import ingest

NOW = 1_768_478_400 * SECOND  # 2026-01-15T12:00:00Z
GOOD = b'{"value": 21.5, "time": "2026-01-15T12:00:00Z"}'


class Desk:
    """An intake whose counts, lines and clocks can be looked at."""

    def __init__(self, *rules: Ingest, most: int = 100) -> None:
        self.series, self.counts, self.lines = SeriesTable(), Counter[str](), list[str]()
        self.seconds, self.committed = 0.0, dict[int, Arrival]()
        self.trust = Trust(self.lines.append, 0.0)
        self.trust.look(NOW, 0.0, synchronised=True)
        rules = rules or (ingest("sensors/{site}/{metric}"), ingest("plain/{site}", format="plain"))
        naming = Naming(self.series, rules, most)
        self.beyond = naming.beyond
        self.intake = Intake(
            naming,
            count=lambda fault, number: self.counts.update({fault: number}),
            arrival=self.committed.get,
            grumbler=Grumbler(self.lines.append, lambda: self.seconds),
            trust=self.trust,
        )

    def take(self, *messages: tuple[str, bytes], retained: bool = False, arrival: int = NOW) -> list[tuple[int, int, float]]:
        """Readings of (topic, payload) pairs as rows."""
        found = self.intake.take([Message(topic, payload, arrival, retained, 0, 1, 1) for topic, payload in messages])
        return list(zip(found.series.tolist(), found.time.tolist(), found.value.tolist(), strict=True))
