"""Which bundle is live: notice a release, fetch it, verify it, test it here, swap, keep the previous one, go back to it.

What is refused is a release: a version by one channel document. One that was damaged on the way is fetched again after
growing pauses; one that fails here is tried again when it is promoted again. The old bundle goes on forecasting.
"""

import contextlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from edge.backoff import Backoff
from edge.errors import BundleDamaged, BundleError, ConfigurationError
from edge.files import replace_file
from edge.forecaster.baselines import seasonal_naive
from edge.forecaster.bundle import Bundle, read_bundle, write_bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import check_version
from edge.quoting import quoted
from edge.release.channel import Channel, Source, is_older
from edge.release.deaths import Death, Note, Noted
from edge.release.pointer import Cause, Memory, Refusal, read_pointer
from edge.release.ready import ReadyBundle, open_bundle
from edge.release.refusals import LONGEST_PAUSE, Refusals
from edge.release.trials import Trials
from edge.tls import TlsFiles

DEATHS = 12  # runs in a row that ended while the live bundle forecast; a kill may fall there by chance
SILENT = 4  # runs that one counts for in which it had not answered before: chance seldom brings that
NOTHING_YET = ", or run gatecast retrain (without a history yet: gatecast promote last_value)"
NO_CHANNEL = "[release] channel is empty, so no bundle can come: set it, such as registry/channels/live.json"


@dataclass(frozen=True, slots=True)
class ThisDevice:
    """What a release meets on this device.

    Args:
        again: pauses before a bundle that was damaged on the way is fetched again.
        clock: function that gives our clock, ns UTC.
        moment: function that gives seconds, monotonic.
        open_bundle: function that opens a bundle and tries it on this device.
        too_slow: function that measures the forecaster of a bundle and says why it does not keep up here, or None.
        shortage: function that says what this device lacks for a bundle that is to go live, or None.
        disagreement: function that says where a bundle takes a series for something else than this device does, or None.
        replace_file: function that writes the pointer to the live bundle, whole or not at all.
        write_bundle: function that writes a bundle into the folder.
        overdue: seconds without a look at the channel that succeeded, after which that is a problem.
        tls: files for an encrypted connection to the channel.
        password: password of the user in the URL of the channel.
    """

    again: Backoff = Backoff(60.0, LONGEST_PAUSE * 60.0)
    clock: Callable[[], int] = time.time_ns
    moment: Callable[[], float] = time.monotonic
    open_bundle: Callable[[Bundle], Forecaster] = open_bundle
    too_slow: Callable[[Bundle, Forecaster], str | None] = lambda *_: None
    shortage: Callable[[Bundle], str | None] = lambda _: None
    disagreement: Callable[[Bundle], str | None] = lambda _: None
    replace_file: Callable[[Path, bytes], None] = replace_file
    write_bundle: Callable[[Path, Bundle], object] = write_bundle
    overdue: float = 3600.0
    tls: TlsFiles = TlsFiles("release")
    password: str | None = field(default=None, repr=False)


class Releases:
    """The bundles on this device.

    `poll` may run in another thread; everything else belongs to the thread that forecasts.

    Args:
        folder: folder of the bundles and of the pointer to the live one.
        channel: path or URL of the channel document; None: only the bundles that are here already.
        log: function called with one line per event worth knowing.
        here: this device.
    """

    def __init__(self, folder: Path, channel: str | None, log: Callable[[str], None], here: ThisDevice = ThisDevice()) -> None:
        self._folder, self._log, self._here = folder, log, here
        self._source = Source(channel, here.tls, password=here.password) if channel else None
        self._memory = Memory(folder / "live.json", log, here.replace_file)
        self._refusals = Refusals(self._memory, log, here.again, here.clock, here.moment)
        self._trials = Trials(here.open_bundle, here.too_slow, self._memory, here.moment)
        self._note = Note(folder / "forecasting", here.moment)
        self._problem = None if channel else NO_CHANNEL
        self._channel_is_refused = False
        self._handed_out: str | None = None
        self._looked = here.moment()
        self._count_death(self._note.left())

    def _count_death(self, death: Death | None) -> None:
        """Whether the last run ended while a model worked, and whether that happens again and again."""
        memory = self._memory
        if memory.died_in_trial():  # the bundle under test is as likely the cause, and is counted there
            return
        if death is None or death.version != memory.pointer.live:
            memory.forget_deaths()
            return
        version = death.version
        if memory.count_death(1 if death.answered else SILENT) < DEATHS:
            self._log(f"the last run died or hung while bundle {version} forecast; if this goes on, the bundle is replaced")
            return
        reason = "the agent died or hung in run after run while it forecast"
        self._refusals.refuse(version, memory.pointer.live_changed, "live", reason)
        memory.forget_deaths()

    def current(self) -> ReadyBundle | None:
        """The bundle that was live when the agent stopped, or the one before where that one fails now.

        Where all that are here have failed live, or take a series for something else than this device does, the baseline
        forecasts in the place of the newest.
        """
        memory, stand_in = self._memory, None
        live, live_changed = memory.pointer.live, memory.pointer.live_changed
        here = [version for version in (live, memory.pointer.previous) if version is not None]
        for version in sorted(here, key=lambda version: memory.failed_live(version) is not None):
            try:
                bundle = read_bundle(self._folder / check_version(version))
                changed = live_changed if version == live else ""
                if (lack := self._here.shortage(bundle)) is not None:
                    self._refusals.refuse(version, changed, "device", lack)
                    continue
                if (other := self._here.disagreement(bundle)) is not None:
                    refused = self._refusals.refuse(version, changed, "device", other)
                    stand_in = stand_in or self._stand_in(bundle, refused)
                    continue
                if version != memory.pointer.live:  # before it is opened: if that ends the process, the next start counts it
                    memory.point_to(version, None, changed)
                refusal = memory.failed_live(version)
                return self._opened(bundle) if refusal is None else self._stand_in(bundle, refusal)
            except BundleError as error:
                self._log(f"bundle {version} on this device fails: {error}")
                continue
        if stand_in is None:
            memory.pointer.live = None
        elif stand_in.bundle.manifest.version != memory.pointer.live:
            memory.point_to(stand_in.bundle.manifest.version, None, stand_in.changed)
        return stand_in

    def _opened(self, bundle: Bundle) -> ReadyBundle:
        """Open a bundle that was live. The note is kept meanwhile: its self-test may end the process."""
        with self._note.inside(bundle.manifest.version) if bundle.model is not None else contextlib.nullcontext():
            forecaster = self._here.open_bundle(bundle)
        return ReadyBundle(bundle, self._noted(bundle, forecaster))

    def _noted(self, bundle: Bundle, forecaster: Forecaster) -> Forecaster:
        """A model that is noted while it works; a baseline as it is, because it is code of this package."""
        return forecaster if bundle.model is None else Noted(forecaster, self._note)

    @property
    def problem(self) -> str | None:
        """Why what was released does not forecast here, or nothing can be released; None where all is well."""
        memory = self._memory
        if (endless := self._trials.problem) is not None:
            return endless
        with memory.lock:
            named, live = memory.pointer.named, memory.pointer.live
            refusal = (named and memory.released(*named)) or memory.failed_live(live)
            if refusal is not None:
                return f"a released bundle is refused: {refusal.version} since {refusal.since}: {refusal.reason}"
            if live is None or self._channel_is_refused:
                return self._problem
        if self.age is None or self.age <= self._here.overdue:
            return None
        reason = self._problem or "the look at it does not end"
        return f"no look at the release channel has succeeded for {self.age / 60:.0f} minutes: {reason}"

    @property
    def age(self) -> float | None:
        """Seconds since the last look at the channel that succeeded, or since the start; None where there is no channel."""
        return None if self._source is None else self._here.moment() - self._looked

    def poll(self) -> ReadyBundle | None:
        """Look at the channel once.

        Returns:
            A new bundle that passed every test here, or None.
        """
        if self._note.healthy:
            self._memory.forget_deaths()
        if self._source is None:
            return None
        if self._memory.unsaved:
            self._memory.save()
        try:
            self._channel_is_refused = False
            channel = self._source.read_channel()
            self._refuse_older(channel)
            self._memory.note(channel.version, channel.changed, self._source.channel)
            self._memory.withdraw((channel.version, *channel.history))
            ready = None
            if self._is_settled(channel):
                self._problem = None
            else:
                ready = self._take(self._source, channel)
        except BundleError as error:
            self._channel_is_refused = True
            self._complain(f"the channel {self._source.channel} is refused: {error}")
        except ConfigurationError as error:
            self._complain(f"no bundle can be opened: {error}")
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            hint = NOTHING_YET if isinstance(error, FileNotFoundError) else ""
            self._complain(f"cannot read the release channel {self._source.channel}: {reason}; check [release] channel{hint}")
        else:
            self._looked = self._here.moment()
            return ready
        return None

    def leave(self) -> None:
        """The run ends in order, while `poll` may still be under way: what that finds is nobody's any more."""
        self._trials.leave()
        self._memory.close()

    def _refuse_older(self, channel: Channel) -> None:
        """Refuse a document from before the one that was read last: who has kept it could bring any old bundle back.

        Raises:
            BundleError: it is older.
        """
        pointer = self._memory.pointer
        if self._source is None or pointer.named is None or pointer.channel != self._source.channel:
            return
        if is_older(channel.changed, pointer.named[1], self._here.clock()):
            raise BundleError(
                f"it is of {quoted(channel.changed)}, and one of {quoted(pointer.named[1])} was read before; "
                f"if you want {channel.version} all the same, run gatecast promote {channel.version}"
            )

    def _is_settled(self, channel: Channel) -> bool:
        """Whether there is nothing to do about what the channel names."""
        memory = self._memory
        refusal = memory.released(channel.version, channel.changed)
        if refusal is None:
            is_live = channel.version == memory.pointer.live and memory.failed_live(channel.version) is None
            return is_live or channel.version == self._handed_out
        return self._refusals.is_final_for_now(refusal)

    def _take(self, source: Source, channel: Channel) -> ReadyBundle | None:
        try:
            bundle = source.read_bundle(channel)
            lack = self._here.shortage(bundle) or self._here.disagreement(bundle)
            tried = self._trials.forecaster(bundle, channel.manifest_sha256) if lack is None else None
        except BundleDamaged as error:
            self._refusals.refuse(channel.version, channel.changed, "transfer", str(error))
            return None
        except BundleError as error:
            self._refusals.refuse(channel.version, channel.changed, "test", str(error))
            return None
        if tried is None or tried.lack is not None:
            reason = lack if tried is None else tried.lack
            self._refusals.refuse(channel.version, channel.changed, "device", str(reason))
            return None
        try:
            self._keep(bundle)
        except OSError as error:
            self._complain(f"cannot keep bundle {channel.version} in {self._folder}: {error.strerror}")
            return None
        self._problem = None
        forecaster = self._noted(bundle, tried.forecaster)
        return ReadyBundle(bundle, forecaster, channel.changed, history=tuple(channel.history))

    def _keep(self, bundle: Bundle) -> None:
        with self._memory.lock:
            try:
                self._here.write_bundle(self._folder, bundle)
            except BundleError:  # a damaged one is in its place
                shutil.rmtree(self._folder / bundle.manifest.version)
                self._here.write_bundle(self._folder, bundle)
            self._handed_out = bundle.manifest.version

    def accept(self, ready: ReadyBundle) -> None:
        """Remember that a bundle is live from now on, and which one was before; all others are deleted.

        The one before is what was live here, where the channel has not rolled that back.
        """
        version = ready.bundle.manifest.version
        memory = self._memory
        with memory.lock:
            here = (memory.pointer.live, memory.pointer.previous)
            before = next((other for other in here if other != version and other in ready.history), None)
            memory.pardon(version)
            memory.point_to(version, before, ready.changed)
            if self._handed_out == version:
                self._handed_out = None
            for folder in self._folder.iterdir():
                if folder.is_dir() and folder.name not in (version, before, self._handed_out):
                    shutil.rmtree(folder, ignore_errors=True)
        self._log(f"bundle {version} is live")

    def fall_back(self, failed: Bundle, reason: str) -> ReadyBundle:
        """Refuse the live bundle until it is promoted again; the one before forecasts, or the baseline where there is none."""
        return self._replace(failed, "live", reason)

    def reconsider(self, live: ReadyBundle) -> ReadyBundle | None:
        """What is to forecast instead of a live bundle, where that takes a series for something else than this device does now.

        Returns:
            The one before or the baseline, until the next start; None where the bundle may go on.
        """
        other = None if live.refusal is not None else self._here.disagreement(live.bundle)
        return None if other is None else self._replace(live.bundle, "device", other)

    def _replace(self, bundle: Bundle, cause: Cause, reason: str) -> ReadyBundle:
        version, memory = bundle.manifest.version, self._memory
        refusal = self._refusals.refuse(version, memory.pointer.live_changed, cause, reason)
        ready = self.current()
        if ready is None:
            memory.point_to(version, None, refusal.changed)
            return self._stand_in(bundle, refusal)
        if ready.refusal is None:
            self._log(f"gone back to bundle {ready.bundle.manifest.version}")
        return ready

    def _stand_in(self, bundle: Bundle, refusal: Refusal) -> ReadyBundle:
        self._refusals.note_said(refusal)  # whoever starts with it says why
        return ReadyBundle(bundle, seasonal_naive(bundle.manifest.contract), refusal.changed, refusal)

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._log(problem)


def live_bundle(folder: Path) -> Bundle | None:
    """The bundle that is live on this device; None where there is none.

    Raises:
        BundleError: it is damaged.
    """
    version = read_pointer(folder / "live.json").live
    return None if version is None else read_bundle(folder / check_version(version))
