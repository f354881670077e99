"""What a source leaves out, counted by reason."""

from collections import Counter


class Notes:
    """What a source has left out: how often, why, and an example of each."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._example: dict[str, str] = {}

    def add(self, reason: str, example: str, count: int = 1) -> None:
        """Count something that is left out; the first example of a reason is kept."""
        if count:
            self._count[reason] += count
            self._example.setdefault(reason, example)

    def lines(self) -> list[str]:
        """One line for every reason."""
        return [f"{reason}: {count:,}, such as {self._example[reason]}" for reason, count in self._count.items()]
