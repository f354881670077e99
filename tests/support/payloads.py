"""Payloads as devices write them, for the tests and the benchmark of the formats."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence

from edge.messages.formats.sparkplug.schema import payload_class

NOON = 1_768_478_400_000_000_000  # 2026-01-15T12:00:00Z, ns


def line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, object], time: int | None = NOON) -> str:
    """One line of line protocol: whole numbers get an `i`, texts quotation marks."""
    head = re.sub(r"([, ])", r"\\\1", measurement)
    head += "".join(f",{_escaped(name)}={_escaped(value)}" for name, value in tags.items())
    values = ",".join(f"{_escaped(name)}={_field(value)}" for name, value in fields.items())
    return f"{head} {values}" if time is None else f"{head} {values} {time}"


def _escaped(text: str) -> str:
    return re.sub(r"([,= ])", r"\\\1", text)


def _field(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value}i" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def table(rows: Sequence[Sequence[object]], separator: str = ",") -> bytes:
    """Rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode()


def pack(*records: Mapping[str, object]) -> bytes:
    """SenML records as JSON."""
    return json.dumps(records).encode()


def sparkplug(sequence: int | None, *metrics: Mapping[str, object], time: int | None = NOON // 1_000_000) -> bytes:
    """A payload of Sparkplug B; a text becomes its bytes.

    Args:
        sequence: number of the message; None: it has none.
        metrics: fields of the metrics by their names in the specification; `properties` has a text or a number by name.
        time: time of the message in ms; None: it has none.
    """
    payload = payload_class()()
    if sequence is not None:
        payload.seq = sequence
    if time is not None:
        payload.timestamp = time
    for fields in metrics:
        metric = payload.metrics.add(**{name: _bytes(value) for name, value in fields.items() if name != "properties"})
        properties = fields.get("properties", {})
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            metric.properties.keys.append(name.encode())
            if isinstance(value, int):
                metric.properties.values.add(int_value=value)
            else:
                metric.properties.values.add(string_value=value.encode())
    return bytes(payload.SerializeToString())


def _bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value
