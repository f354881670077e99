"""`senml`: Sensor Measurement Lists in JSON (RFC 8428), each record with its base values resolved."""

from typing import Any

from edge.contract.times import SECOND
from edge.errors import PayloadError
from edge.messages.formats.json_object import read_json
from edge.messages.formats.payload import LONGEST_NAME, takes_more
from edge.quoting import quoted

VERSION = 10  # of RFC 8428; a higher one needs more than it describes
RELATIVE_BELOW = SECOND << 28  # ns; a smaller time counts from the arrival
BASES: dict[str, object] = {"bn": "", "bt": 0, "bu": None, "bv": None, "bs": None, "bver": VERSION}
VALUES = ("v", "vb", "vs", "vd")
TEXTS = ("bn", "bu", "n", "u")
NUMBERS = ("bt", "bv", "bs", "bver", "v", "s", "t")


def read_senml(payload: bytes) -> list[object]:
    """The records of a pack: `name`, `time` in ns, and where they have them `value`, `sum` and `unit`.

    A record that is broken is an error in its place. A record of base values alone gives nothing. One record need not stand in
    a list. A time below 2^28 s counts from the arrival.

    Raises:
        PayloadError: no pack, or one that needs more than RFC 8428 describes (`bad_payload`).
    """
    document = read_json(payload)
    pack: list[Any] = document if isinstance(document, list) else [document]
    if not pack or not all(isinstance(record, dict) for record in pack):
        raise PayloadError("bad_payload", f"expected a list of SenML records, got {quoted(document)}")
    base = dict(BASES)
    records: list[object] = []
    for record in pack:
        _refuse_unknown(record)
        try:
            _check(record)
            base.update((key, record[key]) for key in BASES if record.get(key) is not None)
            if any(key in record for key in ("n", "s", *VALUES)):
                records.append(_resolved(record, base))
        except PayloadError as error:
            records.append(error.kept())
    return records


def _refuse_unknown(record: dict[str, object]) -> None:
    """Refuse the pack where the RFC wants it: for a version or a field that has to be understood."""
    version = record.get("bver", VERSION)
    if isinstance(version, int | float) and version > VERSION:
        raise PayloadError("bad_payload", f"expected SenML of version {VERSION} or below, got {quoted(version)}")
    strange = next((key for key in record if key.endswith("_")), None)
    if strange is not None:
        raise PayloadError("bad_payload", f"expected fields of RFC 8428, got {quoted(strange)}, which has to be understood")


def _check(record: dict[str, object]) -> None:
    for keys, kinds, name in ((TEXTS, str, "a text"), (NUMBERS, int | float, "a number")):
        for key in keys:
            value = record.get(key)
            if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
                raise PayloadError("bad_payload", f"expected {name} in field {key!r}, got {quoted(value)}")


def _resolved(record: dict[str, object], base: dict[str, object]) -> dict[str, object]:
    first = str(base["bn"])
    if takes_more(first, LONGEST_NAME):  # before it is copied into the name of every record
        raise PayloadError("no_name", f"expected a base name of at most {LONGEST_NAME} characters, got {quoted(first)}")
    name = f"{first}{record.get('n') or ''}"
    if not name:
        raise PayloadError("bad_payload", "expected a name in field 'n' or 'bn'")
    resolved: dict[str, object] = {"name": name, "time": _moment(base["bt"], record.get("t"))}
    others = [record[key] for key in VALUES[1:] if key in record]
    if "v" in record or (not others and "s" not in record):
        resolved["value"] = _total(base["bv"], record.get("v"))
    elif others:
        resolved["value"] = others[0]
    if "s" in record or base["bs"] is not None:
        resolved["sum"] = _total(base["bs"], record.get("s"))
    unit = record.get("u", base["bu"])
    return resolved if unit is None else {**resolved, "unit": unit}


def _total(first: object, second: object) -> object:
    """The sum of a base and what stands in the record; None where there is neither.

    Raises:
        PayloadError: a number with more digits than a float can hold (`bad_value`).
    """
    numbers = [number for number in (first, second) if isinstance(number, int | float)]
    try:
        return None if not numbers else numbers[0] if len(numbers) == 1 else numbers[0] + numbers[1]
    except OverflowError as error:
        raise PayloadError("bad_value", f"expected a number, got {quoted(second)}") from error


def _moment(first: object, second: object) -> int:
    """Time of base and record together, ns.

    Raises:
        PayloadError: a time that is no number (`bad_time`).
    """
    try:
        return sum(_nanoseconds(seconds) for seconds in (first, second) if isinstance(seconds, int | float))
    except (OverflowError, ValueError) as error:
        raise PayloadError("bad_time", f"expected a time in seconds, got {quoted(second)}") from error


def _nanoseconds(seconds: float) -> int:
    """Nanoseconds; a fraction counts to the microsecond, as a float of the seconds since 1970 has no more."""
    whole = int(seconds)
    return whole * SECOND + round((seconds - whole) * 1_000_000) * 1_000
