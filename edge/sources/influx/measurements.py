"""What of a database is read: measurements with their tags, those fields that hold numbers, and the series in them. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.contract.schema import CHECK, MEASUREMENTS, READING
from edge.errors import StoreDenied
from edge.quoting import quoted
from edge.sources.names import VALUE, matches
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource

FIELDS = 50  # of one query
NUMBERS = ("float", "integer", "unsigned")
ENTITY = "entity_id"  # tag of what Home Assistant stores
Tags = tuple[str, ...]  # values of the tags of a measurement, in their order
Keys = Mapping[str, Sequence[tuple[str, ...]]]  # measurement → its tags, or its fields with their types


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement that is read, or some of its fields.

    Args:
        name: its name.
        fields: fields with numbers.
        tags: names of its tags.
        unit: unit of its values, where the schema says it.
    """

    name: str
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    unit: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """One series of the database, as far as rows tell them apart.

    Args:
        measurement: measurement of its rows.
        field: field of its values.
        tags: values of all tags.
        first: time of the first row with these tags, ns.
        last: time of the last one, ns.
    """

    measurement: Measurement
    field: str
    tags: Tags
    first: int
    last: int

    @property
    def words(self) -> dict[str, str]:
        """The words for a template."""
        tags = dict(zip(self.measurement.tags, self.tags, strict=True))
        return {"measurement": self.measurement.name, "field": self.field, **tags}

    @property
    def shown(self) -> str:
        """The series as a person finds it in the database."""
        tags = "".join(f",{name}={value}" for name, value in zip(self.measurement.tags, self.tags, strict=True) if value)
        return quoted(f"{self.measurement.name}{tags} {self.field}", 120)


def chosen_measurements(fields: Keys, tags: Keys, settings: HistorySource, notes: Notes) -> list[Measurement]:
    """The measurements that a section means.

    Args:
        fields: name and type of the fields of each measurement.
        tags: name of the tags of each measurement.
        settings: section of the configuration.
        notes: counts of what is left out.

    Raises:
        StoreDenied: it means nothing in the database.
    """
    chosen = [
        measurement
        for name in sorted(fields)
        if matches(name, settings.measurement)
        for measurement in _parts_of(name, fields[name], tuple(key for (key,) in tags.get(name, [])), settings, notes)
    ]
    if not chosen:
        raise StoreDenied(f"{settings.label} {_lack(fields, tags, settings)}")
    return chosen


def _parts_of(
    name: str, fields: Sequence[tuple[str, ...]], tags: tuple[str, ...], settings: HistorySource, notes: Notes
) -> Iterator[Measurement]:
    """How a measurement is read, if it is: some fields at a time, as the address of a query has a limit."""
    if not set(settings.where or {}) <= set(tags):
        return
    if name == CHECK or any(name == ours.name != READING.name and ours.owner in tags for ours in MEASUREMENTS):
        return  # forecasts of Gatecast are no history
    home_assistant = ENTITY in tags and any(field == VALUE for field, _ in fields)
    pattern = settings.field or (VALUE if home_assistant else "*")
    meant = {field: kind for field, kind in fields if matches(field, pattern)}
    numbers = tuple(sorted({field for field, kind in fields if field in meant and kind in NUMBERS}))
    texts = sorted(meant.keys() - set(numbers))
    if texts:
        notes.add("fields with texts or with true and false, left out", quoted(f"{name} {texts[0]}", 120), count=len(texts))
    is_unit = home_assistant and "." not in name and name not in ("units", "state")
    for start in range(0, len(numbers), FIELDS):
        yield Measurement(name, numbers[start : start + FIELDS], tags, name if is_unit else None)


def _lack(fields: Keys, tags: Keys, settings: HistorySource) -> str:
    """What is wrong where nothing in the database is meant."""
    if not fields:
        return "holds no measurement; check the database in url, and whether the account may read it"
    meant = [name for name in fields if matches(name, settings.measurement)]
    if not meant:
        return f"has no measurement {settings.measurement!r}; it has {_some(fields)}"
    missing = sorted(
        tag for tag in settings.where or {} if all(tag not in {key for (key,) in tags.get(name, [])} for name in meant)
    )
    if missing:
        known = {key for name in meant for (key,) in tags.get(name, [])}
        return f"has no tag {missing[0]!r}, which where names; it has {_some(known)}"
    known = {f"{field} ({kind})" for name in meant for field, kind in fields[name]}
    return f"has no field {settings.field or '*'!r} with numbers in {_some(meant)}; it has {_some(known)}"


def _some(names: "Sequence[str] | set[str] | Mapping[str, object]", most: int = 8) -> str:
    """The first of some names."""
    known = sorted(names)
    return ", ".join(quoted(name) for name in known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")
