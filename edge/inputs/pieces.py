"""What is on disk of the inputs: the whole of each, and in pieces what came since. No I/O.

A sensor that says a value every few seconds would else have thousands of values written each time, which wears a flash card.
"""

from collections.abc import Mapping

import msgspec

from edge.contract.ahead.issues import Issues

MOST_PIECES = 256  # of an input, before the whole is written again
_BETWEEN = "\n"  # between the name of an input, which has no such sign, and the number of a piece


class Pieces:
    """What was written of each input, and what is to be written next."""

    def __init__(self) -> None:
        self._new: dict[str, list[Issues]] = {}
        self._anew: set[str] = set()
        self._count: dict[str, int] = {}  # pieces on disk; only inputs that are there
        self._rows: dict[str, int] = {}  # values in them

    def add(self, name: str, issues: Issues, *, anew: bool = False) -> None:
        """Note values that came.

        Args:
            name: name of the input.
            issues: the values.
            anew: whether others went that a restart must not bring back.
        """
        self._new.setdefault(name, []).append(issues)
        if anew:
            self._anew.add(name)

    def dump(self, kept: Mapping[str, Issues], *, whole: bool) -> dict[str, bytes]:
        """As `Stateful.dump`.

        Args:
            kept: all that is known of each input.
            whole: whether to give everything, and not only what changed since the last call.
        """
        entries: dict[str, bytes] = {}
        for name in list(kept) if whole else sorted(self._new):
            new = Issues.concatenate(self._new.get(name, []))
            count, rows = self._count.get(name, 0), self._rows.get(name, 0) + len(new)
            full = count == MOST_PIECES or rows > len(kept[name])
            if whole or full or name in self._anew or name not in self._count:
                entries |= {name: _encode(kept[name]), **{_key(name, number): b"" for number in range(count)}}
                self._count[name] = self._rows[name] = 0
            else:
                entries[_key(name, count)] = _encode(new)
                self._count[name], self._rows[name] = count + 1, rows
        self._new.clear()
        self._anew.clear()
        return entries

    def load(self, entries: Mapping[str, bytes]) -> dict[str, Issues]:
        """What `dump` gave in earlier runs, by the name of the input, in the order in which it came.

        Raises:
            ValueError: an entry is damaged.
        """
        numbered = [(*key.partition(_BETWEEN)[::2], data) for key, data in entries.items()]
        pieces: dict[str, list[Issues]] = {}
        for name, number, data in sorted(numbered, key=lambda entry: (entry[0], int(entry[1] or -1))):
            issues = _decode(name, data)
            pieces.setdefault(name, []).append(issues)
            if number:
                self._count[name], self._rows[name] = int(number) + 1, self._rows.get(name, 0) + len(issues)
            else:
                self._count[name] = self._rows[name] = 0
        return {name: Issues.concatenate(several) for name, several in pieces.items()}


def _key(name: str, number: int) -> str:
    return f"{name}{_BETWEEN}{number}"


def _encode(issues: Issues) -> bytes:
    return msgspec.msgpack.encode((issues.issued.tolist(), issues.time.tolist(), issues.value.tolist()))


def _decode(name: str, data: bytes) -> Issues:
    try:
        issued, time, value = msgspec.msgpack.decode(data, type=tuple[list[int], list[int], list[float]])
        issues = Issues.of(issued, time, value)
    except (msgspec.MsgspecError, OverflowError) as error:
        raise ValueError(f"input {name}: {error}") from error
    if not len(issued) == len(time) == len(value):
        raise ValueError(f"input {name}: expected as many moments and times as values")
    return issues
