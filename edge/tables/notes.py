"""What the reader of a file decided by itself, and which rows it left out, counted, for the people whose file it is."""

from collections.abc import Iterable


class Notes:
    """What there is to say about how a file was read."""

    def __init__(self) -> None:
        self.decided: dict[str, None] = {}  # sentences, each once, in the order in which they came up
        self.zoneless = 0  # readings whose time names no zone
        self.zone = ""  # zone that they were read in; empty: UTC
        self._left_out: dict[str, tuple[int, str]] = {}

    def decide(self, sentences: Iterable[str]) -> None:
        """Remember what was decided."""
        self.decided.update(dict.fromkeys(sentences))

    def leave_out(self, what: str, count: int, first: str) -> None:
        """Count rows that are left out.

        Args:
            what: words for these rows, a plural.
            count: number of them.
            first: the first of them, as a person finds it.
        """
        known, earliest = self._left_out.get(what, (0, first))
        if count:
            self._left_out[what] = known + count, earliest

    @property
    def sentences(self) -> list[str]:
        """Everything there is to say, one fact each."""
        left_out = [f"{what}, left out: {count:,}, first {first}" for what, (count, first) in self._left_out.items()]
        zone = [
            f"times that name no zone are taken as {self.zone or 'UTC'}{'' if self.zone else ' (--timezone NAME changes that)'}"
        ]
        return [*self.decided, *(zone if self.zoneless else []), *left_out]
