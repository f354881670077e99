"""The lines of the log: each record is one, and trouble that repeats has one a minute for each kind."""

import json
import logging
import time
from collections.abc import Callable

from edge.quoting import one_line, without_secrets

SILENCE = 60.0  # seconds between two lines about the same kind of trouble


class OneLine(logging.Formatter):
    """Each record is one printable line, whoever logs it.

    What a message, the answer of a server or the name of a file holds cannot pass for a line of ours, or reach a terminal.

    Args:
        as_json: whether each line is a JSON object.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, with the trace of its exception if there is one."""
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}: {self.formatException(record.exc_info)}"
        text = one_line(text)
        if self._as_json:
            return json.dumps({"time": self.formatTime(record), "event": text})
        return f"{self.formatTime(record)} {text}"


class Grumbler:
    """Says the same kind of thing at most once a minute.

    Args:
        log: function called with the line.
        clock: seconds, monotonic.
    """

    def __init__(self, log: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._said: dict[str, float] = {}
        self._swallowed: dict[str, int] = {}

    def say(self, kind: str, text: str, *, always: bool = False) -> None:
        """Log the text, or count it where its kind was heard of within the last minute.

        Args:
            kind: kind of the trouble; the line begins with it.
            text: the rest of the line.
            always: whether it is logged in any case.
        """
        if self.heard(kind) and not always:
            self._swallowed[kind] = self._swallowed.get(kind, 0) + 1
            return
        self._said[kind] = self._clock()
        more = self._swallowed.pop(kind, 0)
        self._log(f"{kind}: {without_secrets(text)}" + (f" (and {more} more like it)" if more else ""))

    def heard(self, kind: str) -> bool:
        """Whether a line of this kind was logged within the last minute."""
        return self._clock() - self._said.get(kind, -SILENCE) < SILENCE
