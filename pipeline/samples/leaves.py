"""The leaves of a document, and what their names say: a meter, a time, the name of a sensor."""

import itertools
import re
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]
Leaf = float | int | str | bool | None

MOST_LEAVES = 2000  # of one document; more are a table or a picture, not a sensor's message
DEEPEST = 32  # levels
LONGEST_LIST = 16  # numbers in a row; more are a recording
TIMES = frozenset(
    [
        "time",
        "timestamp",
        "datetime",
        "date",
        "ts",
        "t",
        "at",
        "when",
        "epoch",
        "unixtime",
        "unix_time",
        "utc",
        "time_utc",
        "utc_time",
        "timestamp_ms",
        "time_ms",
        "ts_ms",
        "timestampms",
        "measured_at",
        "sent_at",
        "created_at",
        "received_at",
        "last_seen",
        "_time",
        "_timestamp",
        "sampled_at",
        "eventtime",
        "event_time",
        "sampletime",
        "sample_time",
        "devicetime",
        "device_time",
        "measurementtime",
        "localtime",
        "local_time",
    ]
)
NAMES = frozenset(
    [
        "id",
        "name",
        "n",
        "sensor",
        "sensor_id",
        "sensorid",
        "sensor_name",
        "device",
        "device_id",
        "deviceid",
        "device_name",
        "devicename",
        "deviceid",
        "dev",
        "dev_id",
        "deveui",
        "dev_eui",
        "eui",
        "tag",
        "tagname",
        "tag_name",
        "serial",
        "serial_number",
        "serialnumber",
        "sn",
        "mac",
        "node",
        "node_id",
        "nodeid",
        "unit_id",
        "channel_name",
        "entity_id",
        "point",
        "point_id",
        "variable",
        "metric",
        "key",
        "parameter",
        "param",
        "address",
        "addr",
        "measurement",
        "uid",
        "uuid",
    ]
)
# A text is a measurement if it is a number with or without a usual unit, and its name does not say that it is something else.
_MEASURED = re.compile(
    r"([+-]?(?:0|[1-9]\d{0,11})(?:[.,]\d{1,12})?)\s*"
    r"(%(?: ?RH)?|°?[CF]|°|K|[mkM]?W|[mk]?Wh|MWh|[mkµ]?V|[mµ]?A|k?VA|k?var|k?varh|[kM]?Hz|[hk]?Pa|m?bar|lx|lux|pp[mb]|"
    r"[µu]g/m[³3]|m/s|km/h|[mck]?m|m[³32²]|m?[lL]|[lL]/min|m[³3]/h|dBm?|k?g|m?s|min|h|rpm)?"
)
_UNMEASURED = re.compile(
    r"ver|firm|^[fsh]w|model|serial|mac|ssid|pin|code|zip|phone|name|id$|uuid|hash|key|colou?r|rgb|hex|ip$|addr|host|url|date|time|"
    r"token|pass|channel|port|topic|type|unit|release|build|datapoint|^dpt"
)
LONGEST_TEXT = 32  # characters of a number that is a text
METER = re.compile(
    r"(?:^|[_. ])(?:total|energy|kwh|mwh|wh|varh|consumption|consumed|produced|yield|counter|pulses?|odometer|"
    r"m3|volume|liters?|litres?|rain(?:_?fall)?_?(?:mm|total)?|import(?:ed)?|export(?:ed)?)(?:$|[_. ])|"
    r"(?:energy|yield)total|total(?:energy|yield)"
)
# Names that are enough, where it was not heard to rise.
SURE_METER = re.compile(r"total|kwh|mwh|(?:^|_)wh(?:$|_)|import|export|counter|pulse|odometer")
NO_METER = re.compile(
    r"(?:^|[_. ])(?:today|yesterday|daily|day|hourly|power|rate|flow|uptime|session|price|cost|"
    r"ram|mem(?:ory)?|heap|disk|fs|size|capacity)(?:$|[_. ])"
)


def leaves(document: object) -> Iterator[tuple[Path, Leaf]]:
    """Path and value of every leaf; of a document that is larger or deeper than a sensor's message only a part."""
    stack: list[tuple[Path, object]] = [((), document)]
    given = 0
    while stack and given < MOST_LEAVES:
        path, value = stack.pop()
        if isinstance(value, dict):
            if len(path) < DEEPEST:
                stack += [((*path, str(key)), part) for key, part in reversed(value.items())]
        elif isinstance(value, list):
            if len(path) < DEEPEST and not _recording(value):
                stack += [((*path, position), part) for position, part in reversed([*enumerate(value[:MOST_LEAVES])])]
        elif value is None or isinstance(value, bool | int | float | str):
            given += 1
            yield path, value


def _recording(values: list[object]) -> bool:
    return len(values) > LONGEST_LIST and not any(isinstance(value, dict | list) for value in values)


def key_of(path: Path) -> str:
    """What `{key}` is for a path under `*`."""
    return ".".join(str(level) for level in path)


def last_name(path: Path) -> str:
    """The last name on a path, in small letters; "" where there is none."""
    return next((level.lower() for level in reversed(path) if isinstance(level, str)), "")


def words(name: str) -> str:
    """A name with its words apart: `totalEnergy` and `total-energy` become `total_energy`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def text_number(path: Path, value: Leaf) -> tuple[str, str] | None:
    """Number and unit in a text that measures something; None for others: versions and addresses are numbers as well."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or (match := _MEASURED.fullmatch(value.strip())) is None:
        return None
    name = last_name(path)
    if not key_of(path) or name in NAMES or (name in TIMES and name != "t") or _UNMEASURED.search(words(name)):
        return None
    return match[1], match[2] or ""


def number_at(path: Path, value: Leaf) -> float | None:
    """The number of a leaf, also of a text that measures something; None where it has none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e300 else None
    written = text_number(path, value)
    return None if written is None else float(written[0].replace(",", "."))


def may_be_meter(names: tuple[str, ...], row: Sequence[float]) -> bool:
    """Whether names such as `ENERGY`, `Total` speak of a meter, and the values of one topic do not speak against it.

    Args:
        names: levels of a topic or of a path; only the last two say something, and the last one has the last word.
        row: values in order of arrival.
    """
    last = [words(name) for name in names[-2:]]
    if not last or NO_METER.search(last[-1]) or not any(METER.search(name) for name in last):
        return False
    return not falls(row)


def falls(row: Sequence[float]) -> bool:
    """Whether values fall, or lie below 0, as those of a meter do not."""
    return any(right < left for left, right in itertools.pairwise(row)) or (len(row) > 0 and row[0] < 0)


def is_meter(names: tuple[str, ...], rows: Sequence[Sequence[float]]) -> bool:
    """Whether it is a meter on all of several topics: one was seen to rise, or the name leaves no doubt.

    Args:
        names: levels of a topic or of a path.
        rows: values of each topic in order of arrival.
    """
    rising = any(len(row) > 1 and row[0] < row[-1] for row in rows)
    sure = any(SURE_METER.search(words(name)) for name in names[-2:])
    return (rising or sure) and all(may_be_meter(names, row) for row in rows) and may_be_meter(names, ())
