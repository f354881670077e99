"""What a broker is heard to carry, made up for tests."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edge.contract.times import SECOND
from pipeline.samples.heard import Heard

NOW = 1_789_999_200 * SECOND
Payload = bytes | str | object


def payload_bytes(payload: Payload) -> bytes:
    """Bytes as they are, text in UTF-8, anything else as JSON."""
    if isinstance(payload, bytes):
        return payload
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()


def heard(
    live: Mapping[str, Sequence[Any]],
    retained: Mapping[str, Payload] | None = None,
    gap: int = 10 * SECOND,
) -> Heard:
    """Messages of each topic, with the same pause between them.

    Args:
        live: payloads of each topic in their order.
        retained: payload that the broker had kept, by topic.
        gap: pause between two messages of a topic, ns.
    """
    collector = Heard()
    for topic, payload in (retained or {}).items():
        collector.hear(topic, payload_bytes(payload), NOW, retained=True)
    for topic, payloads in live.items():
        for number, payload in enumerate(payloads):
            collector.hear(topic, payload_bytes(payload), NOW + number * gap, retained=False)
    return collector
