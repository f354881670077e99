"""Releases that are not taken: each is said once, with what happens next, and one damaged on the way is fetched again."""

from collections.abc import Callable

from edge.backoff import Backoff
from edge.contract.times import iso
from edge.release.pointer import Cause, Memory, Refusal

LONGEST_PAUSE = 60  # looks at the channel before a bundle that was damaged on the way is fetched again, at most
NEXT: dict[Cause, str] = {
    "transfer": "; it is fetched again",
    "device": "; it is tried again at the next start",
    "test": "; promote it again to have it tried again",
    "live": "; promote it again to have it tried again",
}


class Refusals:
    """Refuses releases.

    Args:
        memory: memory that remembers what was refused.
        log: function called with one line per refusal.
        again: pauses before a bundle that was damaged on the way is fetched again.
        clock: function that gives our clock, ns UTC.
        moment: function that gives seconds, monotonic.
    """

    def __init__(
        self,
        memory: Memory,
        log: Callable[[str], None],
        again: Backoff,
        clock: Callable[[], int],
        moment: Callable[[], float],
    ) -> None:
        self._memory, self._log, self._pauses, self._clock, self._moment = memory, log, again, clock, moment
        self._said: set[tuple[str, str]] = set()
        self._waits: tuple[Refusal, float] | None = None  # the refusal of the newest transfer, and until when it waits

    def refuse(self, version: str, changed: str, cause: Cause, reason: str) -> Refusal:
        """Refuse a release.

        Args:
            version: version of the bundle.
            changed: time of the channel document that released it.
            cause: kind of the reason; it decides when the release is tried again.
            reason: expected and found values, for people.
        """
        before = self._memory.released(version, changed)
        since, tries = iso(self._clock()), 1
        if before is not None and before.cause == cause:
            since, tries = before.since, before.tries + 1
        refusal = Refusal(version, changed, cause, reason, since, tries)
        self._memory.refuse(refusal)
        if cause == "transfer":
            self._waits = refusal, self._moment() + self._pauses.wait(tries)
        if before is None or (before.cause, before.reason) != (cause, reason):
            self.note_said(refusal)
            self._log(f"bundle {version} is refused: {reason}; {self._who_forecasts(version, cause)}{NEXT[cause]}")
        return refusal

    def note_said(self, refusal: Refusal) -> None:
        """Note that another part has logged this refusal, so that it is not logged twice."""
        self._said.add((refusal.version, refusal.changed))

    def is_final_for_now(self, refusal: Refusal) -> bool:
        """Whether the release is to be left alone at this look; a refusal of an earlier run is said once in this one."""
        if (refusal.version, refusal.changed) not in self._said:
            self.note_said(refusal)
            self._log(f"{refusal.text}; {self._who_forecasts(refusal.version, refusal.cause)}")
        if refusal.cause != "transfer":
            return True
        return self._waits is not None and self._waits[0] == refusal and self._moment() < self._waits[1]

    def _who_forecasts(self, refused: str, cause: Cause) -> str:
        live = self._memory.pointer.live
        if live == refused and cause == "device":
            return "the bundle before forecasts, where there is one that fits"
        if live == refused:
            return "the bundle before or the baseline forecasts"
        return "no bundle is live" if live is None else f"bundle {live} goes on"
