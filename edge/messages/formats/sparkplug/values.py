"""The value of a Sparkplug metric, by its data type."""

import math
from typing import Any

from edge.errors import PayloadError
from edge.quoting import quoted

# Codes of the data types, and bits where it is a whole number.
SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
UNSIGNED = {5: 8, 6: 16, 7: 32, 8: 64}
FLOATS, BOOLEAN, TEXTS = (9, 10), 11, (12, 14, 15)
_NUMBERS = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double", "Boolean", "String")
_OTHERS = ("Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet", "PropertySetList")
_ARRAYS = (*(f"{name}Array" for name in _NUMBERS), "DateTimeArray")
NAMES = dict(enumerate((*_NUMBERS, "DateTime", *_OTHERS, *_ARRAYS), 1))
BITS_ON_THE_WIRE = {"int_value": 32, "long_value": 64}
GOOD = 192  # the quality of a value that can be trusted


def read_value(metric: Any, kind: int) -> object:  # noqa: ANN401 - a message whose class is made at run time
    """A number, a truth value, a text, or None where there is no value.

    Args:
        metric: the metric as it came.
        kind: code of its data type, from its birth.

    Raises:
        PayloadError: a value that is no measurement (`unsupported`), is of another type than it says, or is marked as bad
            (`bad_value`).
    """
    field = metric.WhichOneof("value")
    if metric.is_null or field is None:
        return None
    if kind not in (*SIGNED, *UNSIGNED, *FLOATS, BOOLEAN, *TEXTS):
        raise PayloadError("unsupported", f"a metric of type {NAMES.get(kind, kind)} holds no number")
    value = getattr(metric, field)
    if kind in FLOATS and field in ("float_value", "double_value"):
        return value if math.isfinite(value) else None
    if kind == BOOLEAN and field == "boolean_value":
        return bool(value)
    if kind in TEXTS and field == "string_value":
        return str(value.decode("utf-8", "replace"))
    if field in BITS_ON_THE_WIRE and (kind in SIGNED or kind in UNSIGNED):
        number = _whole(value, BITS_ON_THE_WIRE[field], kind)
        if number is not None:
            return number
    shown = quoted(value) if not isinstance(value, bytes) else f"{len(value)} bytes"
    raise PayloadError("bad_value", f"expected a value of type {NAMES[kind]}, got {shown} as {field}")


def _whole(value: int, wire: int, kind: int) -> int | None:
    """A whole number, or None where it is none of its type.

    A negative number comes as what it is modulo 2^n, where n are the bits of its type or those of the field that carries it.
    """
    if kind in UNSIGNED:
        return value if value < 1 << UNSIGNED[kind] else None
    bits = SIGNED[kind]
    number = value - (1 << bits) if 1 << (bits - 1) <= value < 1 << bits else value
    if number >= 1 << (wire - 1):
        number -= 1 << wire
    return number if -(1 << (bits - 1)) <= number < 1 << (bits - 1) else None


def check_quality(metric: Any) -> None:  # noqa: ANN401 - a message whose class is made at run time
    """Refuse a value that its device calls bad or stale, or not to be stored.

    Raises:
        PayloadError: the quality is not good (`bad_value`), or the metric is marked as transient (`unsupported`).
    """
    quality = properties_of(metric).get("Quality")
    if quality is not None and quality.HasField("int_value") and quality.int_value != GOOD:
        raise PayloadError("bad_value", f"its device calls the value bad or stale: quality {quality.int_value}, good is {GOOD}")
    if metric.is_transient:
        raise PayloadError("unsupported", "its device marks the value as transient, which means not to be stored")


def properties_of(metric: Any) -> dict[str, Any]:  # noqa: ANN401 - a message whose class is made at run time
    """The properties of a metric by their names."""
    if not metric.HasField("properties"):
        return {}
    names = [name.decode("utf-8", "replace") for name in metric.properties.keys]
    return dict(zip(names, metric.properties.values, strict=False))
