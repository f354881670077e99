"""What forecasts: the live bundle and its engine, exchanged only between two batches."""

from collections.abc import Callable

from edge.agent.health import Health
from edge.agent.journal import Journal
from edge.agent.priming import Primer
from edge.clock.holding import first_beyond
from edge.clock.trust import Trust
from edge.forecaster.learned import Learned
from edge.inputs.kept import Inputs
from edge.release.ready import ReadyBundle
from edge.release.releases import Releases
from edge.series.engine import Engine


class Live:
    """The engine of the live bundle; None while no bundle is live.

    Args:
        make_engine: function that makes the first engine, for a bundle and its forecaster.
        releases: the bundles on this device.
        primer: primer that fills empty windows from the store.
        journal: the series state on disk.
        trust: trust in our clock; it knows up to what time the store's history counts.
        health: health page that shows the name of the forecaster.
    """

    def __init__(
        self,
        make_engine: Callable[[ReadyBundle], Engine],
        releases: Releases,
        primer: Primer,
        journal: Journal,
        trust: Trust,
        health: Health,
    ) -> None:
        self._make_engine, self._releases, self._primer = make_engine, releases, primer
        self._journal, self._trust, self._health = journal, trust, health
        self.current: ReadyBundle | None = None
        self.engine: Engine | None = None
        self._corrections = 0
        self._unsaved = False  # whether history has come into the windows that no snapshot has yet

    @property
    def name(self) -> str:
        """Name of the forecaster, or `none`."""
        return self.engine.forecaster.name if self.engine is not None else "none"

    @property
    def problem(self) -> str | None:
        """What is wrong with the newest forecasts; None where all is well or nothing forecasts."""
        return None if self.engine is None else self.engine.problem

    def missing(self, inputs: Inputs) -> str | None:
        """Which of the inputs that the live bundle uses are missing now, in words; None where none is."""
        seen = self._trust.seen
        if self.engine is None or seen is None:
            return None
        return inputs.problem(self.engine.forecaster.contract, seen[0])

    def unusual(self, inputs: Inputs) -> str | None:
        """Which of the inputs that the live bundle uses have values unlike those of its training, in words; None: none has."""
        seen = self._trust.seen
        if self.engine is None or seen is None:
            return None
        return inputs.unusual(self.engine.forecaster.contract, seen[0])

    @property
    def first_beyond(self) -> int | None:
        """The first time of a reading that waits until our clock is there, ns UTC; None where the readings alone count."""
        now = self._trust.common
        if self.engine is None or now is None:
            return None
        return first_beyond(now, self.engine.state.contract.interval, self.engine.state.lateness)

    @property
    def frees_slots(self) -> bool:
        """Whether slots of silent series would come back, if the agent began again.

        None while the windows lack their history: what was heard before it is known to the store alone.
        """
        if self.engine is None or self._primer.waits or not self._primer.complete:
            return False
        return self._journal.staying(self.engine) is not None

    def take_slots_back(self) -> None:
        """Let silent series give up their slots; the last thing before an agent ends."""
        if self.engine is not None:
            self._journal.take_slots_back(self.engine)

    def restore(self) -> bool:
        """Bring back the bundle and the series state of the last run.

        Returns:
            Whether the windows are filled; also True where no bundle is live.
        """
        ready = self._releases.current()
        if ready is None:
            return True
        self.engine = self._make_engine(ready)
        self._use(ready)
        return self._journal.restore(self.engine)

    def go_live(self, ready: ReadyBundle) -> None:
        """Exchange the forecaster; the windows are kept where they have what it needs, others are filled from the store."""
        kept = False
        if self.engine is None:
            self.engine = self._make_engine(ready)
        else:
            half_filled = self._primer.fills
            self._primer.give_up()
            manifest = ready.bundle.manifest
            kept = self.engine.swap(ready.forecaster, manifest.series, Learned.of(manifest))
            if half_filled:
                self.engine.restart()
            kept = kept and self._primer.complete
        self._use(ready)
        if kept:
            self._journal.snapshot(self.engine)
        else:
            self.prime()

    def give_way(self, reason: str) -> None:
        """The live bundle failed while forecasting: the one before takes over, or the baseline."""
        if self.current is not None:
            self.go_live(self._releases.fall_back(self.current.bundle, reason))

    def prime(self, latest: int | None = None) -> None:
        """Begin to fill the windows from the store's newest readings; `go_on` goes on with it between batches.

        Args:
            latest: the latest time that counts, ns UTC; None: what the trust in our clock allows.
        """
        if self.engine is not None:
            self._journal.filled = self._unsaved = False
            self._primer.begin(self.engine, self._trust.history if latest is None else latest, self.first_beyond)
            self._journal.snapshot(self.engine)

    def go_on(self) -> None:
        """Let history that was read meanwhile go into the windows; a store that gave none is asked again.

        The snapshot waits until the readings that came meanwhile have counted. A restart before that begins anew with the
        history that the windows lacked, and these readings follow it.
        """
        if self.engine is None:
            return
        if self._primer.due:
            self.prime()
        self._unsaved |= self._primer.go_on(self.engine)
        if self._unsaved and not self._primer.waits:
            self._unsaved, self._journal.filled = False, self._primer.complete
            self._journal.snapshot(self.engine)

    def follow(self) -> None:
        """Fill the windows anew where a message told that a series is of another kind than its name alone had said.

        A model that learned it as something else gives way.
        """
        if self.engine is None or self.current is None or self._corrections == self.engine.series.corrections:
            return
        self._corrections = self.engine.series.corrections
        if (ready := self._releases.reconsider(self.current)) is not None:
            self.go_live(ready)
        elif self.engine.state.means_otherwise():
            self.restart()

    def restart(self) -> None:
        """Empty all windows and fill them again up to the latest time that counts by our clock."""
        if self.engine is not None:
            self._primer.give_up()
            self.engine.restart()
            self.prime(self._trust.latest)

    def _use(self, ready: ReadyBundle) -> None:
        self.current = ready
        self._health.labels = {"model": ready.forecaster.name}
