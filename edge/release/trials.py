"""A released bundle is tried on this device before it goes live, and the trial is noted on disk: it may end the process."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.release.pointer import Memory
from edge.release.ready import try_hard_windows

LONG_TEST = 120.0  # seconds; a test on a small device takes a few
TRIALS = 3  # deaths while testing a bundle before it is held to be the cause


@dataclass(frozen=True, slots=True)
class Tried:
    """A bundle that passed its test.

    Args:
        forecaster: its forecaster.
        lack: reason why this device cannot use it, such as too little time; None where it may go live.
    """

    forecaster: Forecaster
    lack: str | None


class Trials:
    """Tries bundles.

    Args:
        open_bundle: function that opens a bundle and lets it repeat its golden forecasts.
        too_slow: function that measures a forecaster and says why it does not keep up here, or None.
        memory: memory that remembers which bundle is under test.
        moment: function that gives seconds, monotonic.
    """

    def __init__(
        self,
        open_bundle: Callable[[Bundle], Forecaster],
        too_slow: Callable[[Bundle, Forecaster], str | None],
        memory: Memory,
        moment: Callable[[], float],
    ) -> None:
        self._open_bundle, self._too_slow, self._memory, self._moment = open_bundle, too_slow, memory, moment
        self._began: float | None = None

    @property
    def problem(self) -> str | None:
        """A test that does not end; None where there is none."""
        began = self._began
        if began is None or self._moment() - began <= LONG_TEST:
            return None
        seconds = self._moment() - began
        return f"the test of a released bundle does not end since {seconds:.0f} s, and no other is seen; restart the agent"

    def leave(self) -> None:
        """The run ends in order. A test under way does not count, unless it is one that does not end."""
        if self._began is not None and self.problem is None:
            self._memory.leave_trial()

    def forecaster(self, bundle: Bundle, manifest_sha256: str) -> Tried:
        """Open a bundle and try it; a crafted model can end the process, and must not do so at every start.

        Args:
            bundle: verified bundle.
            manifest_sha256: hash of its manifest.

        Raises:
            BundleError: it fails its test, or ended the process too often.
        """
        pointer = self._memory.pointer
        pointer.trials = pointer.trials + 1 if pointer.tried == manifest_sha256 else 1
        pointer.tried = None
        if pointer.trials > TRIALS:
            raise BundleError(f"the agent died {TRIALS} times while testing it")
        pointer.trying = manifest_sha256
        self._memory.save()
        self._began = self._moment()
        try:
            forecaster = self._open_bundle(bundle)
            try_hard_windows(bundle, forecaster)
            return Tried(forecaster, self._too_slow(bundle, forecaster))
        finally:
            self._began = None
            pointer.trying = None
            self._memory.save()
