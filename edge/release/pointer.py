"""What the device remembers of its bundles between runs: which one is live, and which releases it has refused and why."""

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from edge.files import read_json, replace_file

REFUSALS = 100  # remembered

Cause: TypeAlias = Literal["transfer", "device", "test", "live"]


class Refusal(msgspec.Struct, frozen=True):
    """A release that is not taken. The same bundle promoted again is another release.

    Args:
        version: version of the bundle.
        changed: time of the channel document that released it.
        cause: `transfer`: damaged on the way, so it is fetched again; `device`: too large for this device as it is set
            up; `test`: failed its self-test here; `live`: failed while it forecast here.
        reason: expected and found values.
        since: time of the first refusal, ISO 8601, UTC.
        tries: number of times that the bundle was fetched.
    """

    version: str
    changed: str
    cause: Cause
    reason: str
    since: str
    tries: int = 1

    @property
    def text(self) -> str:
        """One line for people."""
        return f"bundle {self.version} is refused since {self.since}: {self.reason}"


class Pointer(msgspec.Struct):
    """The content of `live.json`.

    Args:
        live: version that forecasts.
        previous: version that did before; only one that the channel did not roll back.
        named: version and `changed` of the newest channel document.
        channel: path or URL of that document; empty in a file of an earlier version.
        live_changed: `changed` of the newest channel document that named the live version.
        refusals: releases that are not taken, newest last.
        trying: manifest of the bundle under test; still there at the next start if the process ended meanwhile.
        tried: manifest of the bundle whose test was the last one that an end of the process cut short.
        trials: number of times that its test was begun, but for those that ended with the run in order.
        deaths: number of runs in a row that ended while the live version forecast; those that say more count for more.
    """

    live: str | None = None
    previous: str | None = None
    named: tuple[str, str] | None = None
    channel: str = ""
    live_changed: str = ""
    refusals: list[Refusal] = []
    trying: str | None = None
    tried: str | None = None
    trials: int = 0
    deaths: int = 0


class Memory:
    """The pointer on disk. If the disk is full, a decision still holds, but is forgotten at the next start.

    Args:
        path: path of `live.json`.
        log: function called with one line when it cannot be written.
        replace: function that writes a file whole or not at all.
    """

    def __init__(self, path: Path, log: Callable[[str], None], replace: Callable[[Path, bytes], None] = replace_file) -> None:
        self._path, self._log, self._replace = path, log, replace
        self.lock = threading.RLock()
        self.unsaved = self._closed = False
        self.pointer = read_pointer(path)
        # What this device could not take it may take as it is set up now.
        self.pointer.refusals = [refusal for refusal in self.pointer.refusals if refusal.cause != "device"]

    def save(self) -> None:
        """Write it down, or try again when it is asked for the next time."""
        with self.lock:
            if self._closed:
                return
            try:
                self._replace(self._path, msgspec.json.encode(self.pointer))
                self.unsaved = False
            except OSError as error:
                if not self.unsaved:
                    self._log(f"cannot write {self._path}: {error.strerror}; a restart forgets what is live")
                self.unsaved = True

    def close(self) -> None:
        """Write nothing from here on: the next run, which may begin in this process, owns the file."""
        with self.lock:
            self._closed = True

    def point_to(self, live: str | None, previous: str | None, changed: str = "") -> None:
        """Remember which version is live, which one was before, and by which channel document."""
        with self.lock:
            self.pointer.live, self.pointer.previous, self.pointer.live_changed = live, previous, changed
            self.pointer.deaths = 0
            self.save()

    def withdraw(self, released: Collection[str]) -> None:
        """Forget the version before where the channel names it no longer: it was rolled back, and must not come back.

        Args:
            released: versions that the channel document names.
        """
        with self.lock:
            if self.pointer.previous is not None and self.pointer.previous not in released:
                self.pointer.previous = None
                self.save()

    def died_in_trial(self) -> bool:
        """Whether the last run ended while a bundle was under test. It says so once: later ends are not of that test."""
        with self.lock:
            if self.pointer.trying is None:
                return False
            self.pointer.tried, self.pointer.trying = self.pointer.trying, None
            self.save()
            return True

    def leave_trial(self) -> None:
        """The run ends in order while a bundle is under test: that says nothing of the bundle."""
        with self.lock:
            pointer = self.pointer
            if pointer.trying is not None:
                pointer.tried, pointer.trying, pointer.trials = pointer.trying, None, pointer.trials - 1
                self.save()

    def count_death(self, weight: int) -> int:
        """One more run ended while the live version forecast; returns the sum of those in a row."""
        with self.lock:
            self.pointer.deaths += weight
            self.save()
            return self.pointer.deaths

    def forget_deaths(self) -> None:
        """The live version forecast well for long enough, or the last run ended elsewhere."""
        with self.lock:
            if self.pointer.deaths:
                self.pointer.deaths = 0
                self.save()

    def note(self, version: str, changed: str, channel: str) -> None:
        """Remember what the channel at this path or URL says now."""
        with self.lock:
            pointer = self.pointer
            if (pointer.named, pointer.channel) == ((version, changed), channel):
                return
            pointer.named, pointer.channel = (version, changed), channel
            if version == pointer.live and self.failed_live(version) is None:
                pointer.live_changed = changed
            self.save()

    def refuse(self, refusal: Refusal) -> None:
        """Remember a refusal, in place of an earlier one of the same release; that of the live version is never forgotten."""
        with self.lock:
            others = [other for other in self.pointer.refusals if not is_of(other, refusal.version, refusal.changed)]
            while len(others) >= REFUSALS:
                others.remove(next((other for other in others if other.version != self.pointer.live), others[0]))
            self.pointer.refusals = [*others, refusal]
            self.save()

    def pardon(self, version: str) -> None:
        """The version is fine: forget what was wrong with it."""
        with self.lock:
            self.pointer.refusals = [refusal for refusal in self.pointer.refusals if refusal.version != version]

    def released(self, version: str, changed: str) -> Refusal | None:
        """Why a release is not taken, or None."""
        with self.lock:
            return next((refusal for refusal in self.pointer.refusals if is_of(refusal, version, changed)), None)

    def failed_live(self, version: str | None) -> Refusal | None:
        """Why a version that is here does not forecast, or None."""
        with self.lock:
            failures = (refusal for refusal in reversed(self.pointer.refusals) if refusal.cause == "live")
            return next((refusal for refusal in failures if refusal.version == version), None)


def is_of(refusal: Refusal, version: str, changed: str) -> bool:
    """Whether a refusal is that of a release: a version, and the time of the channel document that named it."""
    return (refusal.version, refusal.changed) == (version, changed)


def read_pointer(path: Path) -> Pointer:
    """What was remembered; nothing where that cannot be read."""
    return read_json(path, Pointer) or Pointer()
