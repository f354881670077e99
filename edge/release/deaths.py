"""A model that ends the process, or never answers: noted on disk while it works, and found there at the next start.

The kernel keeps what a process has written when that dies, so nothing is forced to the disk. Power that fails may leave
the note behind; that is why one death proves nothing.
"""

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.forecaster.forecaster import Forecaster

HEALTHY = 3600.0  # seconds of answers after which earlier deaths count no longer
LENGTH = 64  # bytes; a version has fewer
ANSWERED = "+"  # after the version


@dataclass(frozen=True, slots=True)
class Death:
    """A run that ended while a model worked.

    Args:
        version: version of the model.
        answered: whether it had answered before in that run.
    """

    version: str
    answered: bool


class Note:
    """The version whose model works at this moment, or nothing.

    Args:
        path: path of the note.
        moment: seconds, monotonic.
    """

    def __init__(self, path: Path, moment: Callable[[], float] = time.monotonic) -> None:
        self._path, self._moment = path, moment
        self._file: int | None = None
        self._answered: tuple[str, float] | None = None  # which model, and the moment of its first answer
        self.healthy = False

    def left(self) -> Death | None:
        """How the last run ended, if it ended while a model worked. The note is empty afterwards."""
        try:
            version = self._path.read_bytes().rstrip(b"\0").decode(errors="replace")
            self._path.unlink()
        except OSError:
            return None
        return Death(version.removesuffix(ANSWERED), version.endswith(ANSWERED)) if version else None

    @contextmanager
    def inside(self, version: str) -> Iterator[None]:
        """The model of this version works meanwhile."""
        known = self._answered is not None and self._answered[0] == version
        self._write(version + ANSWERED if known else version)
        try:
            yield
        finally:
            self._write("")

    def answered(self, version: str) -> None:
        """The model of this version has forecast."""
        now = self._moment()
        if self._answered is None or self._answered[0] != version:
            self._answered = version, now
        self.healthy = now - self._answered[1] >= HEALTHY

    def _write(self, version: str) -> None:
        # A disk that takes nothing costs the count of deaths, not the forecasts.
        with suppress(OSError):
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                weakref.finalize(self, os.close, self._file)  # an agent that begins again has another note
            os.pwrite(self._file, version.encode()[:LENGTH].ljust(LENGTH, b"\0"), 0)


class Noted:
    """A forecaster that is noted while it works.

    Args:
        forecaster: a model.
        note: kept meanwhile.
    """

    def __init__(self, forecaster: Forecaster, note: Note) -> None:
        self._forecaster, self._note = forecaster, note
        self.name, self.contract, self.intervals = forecaster.name, forecaster.contract, forecaster.intervals

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        with self._note.inside(self.name):
            forecasts = self._forecaster.predict(windows, series, context)
        self._note.answered(self.name)
        return forecasts

    def self_test(self) -> float | None:
        """As `Forecaster.self_test`."""
        with self._note.inside(self.name):
            return self._forecaster.self_test()
