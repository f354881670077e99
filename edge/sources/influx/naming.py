"""The names of series in a database, as its schema or the user gives them: those that the same readings have live. No I/O.

Three schemas are known by their tags: Telegraf's (`topic`), Home Assistant's (`entity_id`; the measurement is the unit) and
Gatecast's own (`series`). In any other the name of a series is measurement, tags and field, joined with dots.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from edge.contract.schema import SERIES
from edge.contract.times import iso
from edge.messages.ingest import Ingest
from edge.quoting import quoted
from edge.sources.influx.measurements import ENTITY, Origin, Tags
from edge.sources.names import VALUE, Live, filled, final_name, named_line, named_live, topic_of
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource

TOPIC, DOMAIN = "topic", "domain"
JOINED = "_"  # what Telegraf joins the levels of a path with
MAY_BE_PATHS = f'names with {JOINED} that may be paths of Telegraf (separator = "{JOINED}" makes them the names of live values)'
Owners = dict[tuple[str, str, Tags], str]  # measurement, field, tags → name of the series


class Naming:
    """Gives names, and remembers what rules make of the values under them.

    Args:
        settings: section of the configuration.
        ingests: rules that name the live series.
        notes: counts of what is left out.
    """

    def __init__(self, settings: HistorySource, ingests: Sequence[Ingest], notes: Notes) -> None:
        self._settings, self._ingests, self._notes = settings, ingests, notes
        self.live: dict[str, Live] = {}

    def owners(self, origins: Sequence[Origin]) -> Owners:
        """The name of every series; what cannot be told apart has none."""
        by_name: dict[str, list[Origin]] = defaultdict(list)
        for origin in origins:
            live = self._name(origin)
            if live is not None and (chosen := final_name(self._settings, live.name)) is not None:
                by_name[chosen].append(origin)
                self.live[chosen] = live
        owners: Owners = {}
        for name, parts in by_name.items():
            parts.sort(key=lambda origin: origin.last, reverse=True)
            for origin in self._told_apart(name, parts):
                owners[origin.measurement.name, origin.field, origin.tags] = name
        return owners

    def _told_apart(self, name: str, parts: Sequence[Origin]) -> Sequence[Origin]:
        """Those series of the database that may share a name: one after the other, and in one unit."""
        for newer, older in pairwise(parts):
            if older.last >= newer.first:
                reason = "names that several series of the database have at the same time, left out"
                self._notes.add(
                    f"{reason} (choose with measurement, field and where, or put a tag into series)",
                    f"{quoted(name)}: {older.shown} and {newer.shown}, both at {iso(older.last)}",
                )
                return ()
        kept = [origin for origin in parts if origin.measurement.unit == parts[0].measurement.unit]
        for origin in parts:
            if origin not in kept:
                reason = "series with an earlier part in another unit, which is left out"
                self._notes.add(reason, f"{quoted(name)}: {origin.shown}, now in {parts[0].measurement.unit}")
        return kept

    def _name(self, origin: Origin) -> Live | None:
        """The name of a series, and what a rule makes of its values; None where it has no name."""
        words, tags = origin.words, origin.measurement.tags
        if self._settings.series is not None:
            name = filled(self._settings.series, words)
            if name is None:
                self._notes.add(f"series that lack a word of {self._settings.series}, left out", origin.shown)
            return None if name is None else Live(name)
        if SERIES in tags and words[SERIES]:
            return Live(words[SERIES])
        if TOPIC in tags and words[TOPIC]:
            live = named_live(self._ingests, words[TOPIC], origin.field, self._settings.separator)
            path = named_live(self._ingests, words[TOPIC], origin.field, JOINED) if self._settings.separator is None else live
            if live is not None and path is not None and live.name != path.name:
                self._notes.add(MAY_BE_PATHS, f"{quoted(live.name)}, then {quoted(path.name)}")
            return live or Live(_joined(words[TOPIC].split("/"), origin.field))
        if ENTITY in tags and words[ENTITY]:
            live = named_live(self._ingests, topic_of(words.get(DOMAIN, ""), words[ENTITY]), VALUE)
            return live or Live(_joined([words.get(DOMAIN, ""), words[ENTITY]], origin.field))
        filled_tags = {name: value for name, value in zip(tags, origin.tags, strict=True) if value}
        live = named_line(self._ingests, origin.measurement.name, filled_tags, origin.field)
        return live or Live(_joined([origin.measurement.name, *origin.tags], origin.field))


def _joined(words: Sequence[str], field: str) -> str:
    return ".".join([*filter(None, words), *([field] if field != VALUE else [])])
