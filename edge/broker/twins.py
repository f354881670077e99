"""Twins: of the copies of a message the one that comes first counts, and those for other subscriptions are left out.

Nothing is assumed of what the broker holds or sends. A copy is left out only after another one, equal to it and for another
subscription of ours, was handed over: that one is not acknowledged before its effect is committed. It excuses one copy for
each other subscription, the next equal message takes its place, and after a minute it excuses none. So a copy whose twin was
never sent counts; and so does one whose twin is forgotten, as two that count are the smaller evil.
"""

from hashlib import blake2b
from typing import TypeAlias

from edge.messages.message import Message

FRESH = 60.0  # seconds within which the other copies of a message come; they follow at once, or after acknowledgements
MOST = 10_000  # messages of which copies are awaited

Key: TypeAlias = tuple[int, bool, bool, bytes]


class Twins:
    """Which copies are left out, by those that came before.

    Args:
        most: number of messages whose other copies are awaited; beyond it the oldest is forgotten.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        # When the copy that counts came, and the identifiers of which copies have come; the oldest first.
        self._awaited: dict[Key, tuple[float, tuple[int, ...]]] = {}

    def leaves_out(self, message: Message, copies: int, now: float) -> bool:
        """Whether a copy that counts has come before.

        Args:
            message: copy with the identifiers of the subscriptions for which it was sent.
            copies: number of our subscriptions that match its topic.
            now: seconds, monotonic.
        """
        key, numbers = _key(message), message.subscriptions
        came, before = self._awaited.get(key, (now, numbers))
        twin = now - came < FRESH and not any(number in before for number in numbers)
        numbers = before + numbers if twin else numbers
        if len(numbers) >= copies:
            self._awaited.pop(key, None)
        elif twin:
            self._awaited[key] = came, numbers
        else:
            self._awaited.pop(key, None)
            self._forget(now)
            self._awaited[key] = now, numbers
        return twin

    def _forget(self, now: float) -> None:
        """Make room for one more; what is too old goes as well."""
        while self._awaited:
            oldest = next(iter(self._awaited))
            if len(self._awaited) < self._most and now - self._awaited[oldest][0] < FRESH:
                return
            del self._awaited[oldest]


def _key(message: Message) -> Key:
    """What copies of a message have in common; the broker keeps those of QoS 0 for nobody, so they are no twins of others."""
    digest = blake2b(message.payload, digest_size=16)
    digest.update(message.topic.encode())
    return len(message.topic), message.retained, message.qos > 0, digest.digest()
