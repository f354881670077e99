"""The topic filters that a session of the broker holds, kept in a file: MQTT has no way to ask the broker for them."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.files import read_json, replace_file


class FilterRecord:
    """What the broker may hold of one session. It is noted before a filter is asked for, and until it is given up.

    Args:
        path: JSON file with the filters of every session of this device, by name; None: nothing outlives the process.
        session: name of the session.
    """

    def __init__(self, path: Path | None, session: str) -> None:
        self._path, self._session = path, session
        self._sessions = _read(path) if path is not None else {}

    @property
    def filters(self) -> frozenset[str]:
        """The filters that were noted last."""
        return frozenset(self._sessions.get(self._session, ()))

    def note(self, filters: Iterable[str]) -> None:
        """Note filters in place of those before; where the disk takes nothing, until the process ends."""
        noted = sorted(filters)
        if noted == self._sessions.get(self._session):
            return
        self._sessions[self._session] = noted
        if self._path is not None:
            with suppress(OSError):  # readings are worth more than the end of a filter that nobody needs
                replace_file(self._path, msgspec.json.encode(self._sessions))


def _read(path: Path) -> dict[str, list[str]]:
    """The filters by session; none where the file is missing or damaged.

    A filter that no broker can hold is left out: brokers end the connection of a client that names one.
    """
    sessions = read_json(path, dict[str, list[str]]) or {}
    return {session: list(filter(_is_filter, filters)) for session, filters in sessions.items()}


def _is_filter(text: str) -> bool:
    """Whether a text is a topic filter of MQTT: `+` and `#` stand for whole levels, and `#` is the last one."""
    *levels, last = text.split("/")
    signs = any("#" in level or ("+" in level and level != "+") for level in levels)
    return bool(text) and text.isprintable() and not signs and (last in ("+", "#") or not {"+", "#"} & set(last))
