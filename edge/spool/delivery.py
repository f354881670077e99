"""One write and what becomes of its rows: stored, set aside as the store will never take them, or kept for later.

Rows are set aside on proof only. A row that is refused, or fails, among rows that are stored is at fault. Where nearly all
rows of a measurement are refused it may as well be the store: newer rows are tried, and if those are refused too everything
is kept. A field of another type in the store is the store's fault, whatever happens to newer rows: it may be of one shard only.
Readings that were refused before anything was stored are written once more: the store may have been mended meanwhile. Only
readings are worth that: they cannot be made again.

Whatever is tried, the last write of a key is its newest row: what was stored is written again behind rows that came late.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from edge.contract.schema import MEASUREMENTS, READING
from edge.errors import BlockRefused, BlockTooLarge, StoreBusy, StoreDenied, StoreError
from edge.quoting import counted
from edge.spool.spool import Refusal
from edge.stores.store import Store

NEARLY_ALL = 0.9  # share of a measurement's rows in one write; where so many are refused the store is suspected
ALONE = 20  # rows refused or failing one after the other, nothing stored between them; then the rest is not tried row by row
DOUBLINGS = 5  # of that number, pass by pass, where rows fail and those behind them are stored; more than 640 are a flood
REST = 100  # passes until a flood is looked at so closely again
FAILURES = 3  # passes in a row in which a row must fail alone, while others are stored, before it is set aside
ADVICE = "mend that in the store, or choose another bucket in [store] url"
# What the agent makes of readings never holds these up: where a store refuses all of it, the rows are set aside.
MADE = frozenset(measurement.name for measurement in MEASUREMENTS if measurement is not READING)


class Delivery:
    """Writes to one store.

    Args:
        store: store that only this delivery writes to.
        newest: function that gives the newest blocks that wait, beyond those that are being written; they may be written early.
        stopping: whether to give up before the next write.
    """

    def __init__(self, store: Store, newest: Callable[[], Sequence[bytes]], stopping: Callable[[], bool]) -> None:
        self._store, self._newest, self._stopping = store, newest, stopping
        self._failures: Counter[bytes] = Counter()
        self._given_up = 0  # passes that found too many failing rows in a row, while rows behind them were stored

    def deliver(self, blocks: Sequence[bytes]) -> list[Refusal]:
        """Write blocks; what the store refuses is narrowed down to as little as it can split off.

        Returns:
            What it will never take; everything else is stored.

        Raises:
            StoreBusy: try again later; what is there already changes nothing.
            StoreDenied: the same; also where the store refuses nearly everything.
        """
        attempt = self._attempt(blocks, most_alone=ALONE)
        self._judge(attempt, blocks)
        if attempt.is_cut_short:  # newer rows were stored since, so what is refused now is refused by a store that works
            refusals = self._attempt(blocks, most_alone=len(blocks) + attempt.sent.total()).refusals
        else:
            refusals = self._settled(attempt)
        self._forget()
        return refusals

    def work_around(self, blocks: Sequence[bytes]) -> list[Refusal]:
        """As `deliver`, for blocks that failed again and again: rows that fail alone while others are stored are set aside.

        Raises:
            StoreBusy: the store fails on everything, on a flood of rows one after the other, or on a row not often enough yet.
                All other rows are stored, as far as the parts that are tried have no such row.
            StoreDenied: as `deliver`.
        """
        self._find_witness(blocks)
        doublings = self._given_up % REST
        attempt = self._attempt(blocks, most_alone=ALONE << doublings if doublings <= DOUBLINGS else ALONE, enduring=True)
        if attempt.failure is None and attempt.refusals:  # it fails no more, but refuses some
            return self.deliver(blocks)
        self._failures = Counter({row: self._failures[row] + 1 for row in attempt.failing})
        failing, stored = attempt.failing_readings, _count(self._store, attempt.stored)
        if attempt.has_given_up:
            self._given_up += not attempt.is_cut_short or self._takes_newer_of(failing, blocks)
        if attempt.has_given_up or any(self._failures[row] < FAILURES for row in attempt.failing):
            raise StoreBusy(f"{attempt.failure}; other rows are stored, so the bad ones are looked for", answered=True)
        nearly_all = [name for name, rows in failing.items() if rows >= NEARLY_ALL * (rows + stored[name])]
        if not self._takes_newer_of(nearly_all, blocks):
            raise StoreBusy(f"{attempt.failure}; nearly all rows of {nearly_all[0]!r} fail, others are stored", answered=True)
        self._judge(attempt, blocks)
        if attempt.failing and not attempt.stored:
            self._find_witness(blocks)  # again: a store that has died meanwhile fails on everything
        refusals = self._settled(attempt)
        self._forget()
        reason = f"fails again and again while other rows are stored: {attempt.failure}"
        return [*refusals, *(Refusal(reason, row, 1) for row in attempt.failing)]

    def _forget(self) -> None:
        self._failures.clear()
        self._given_up = 0

    def _settled(self, attempt: "_Attempt") -> list[Refusal]:
        """What the store refuses for good; it may have been mended after the first rows were refused, so these come again."""
        blocks = list(attempt.early)
        again = self._attempt(blocks, most_alone=_count(self._store, blocks).total())
        if again.has_stored or attempt.failing:
            self._store_again(attempt.stored)
        early = set(attempt.early.values())
        return [*again.refusals, *(refusal for refusal in attempt.refusals if refusal not in early)]

    def _store_again(self, blocks: Sequence[bytes]) -> None:
        """Write what is stored already: older rows may have come since, and a store that has died takes none of it."""
        attempt = self._attempt(blocks, most_alone=ALONE, enduring=True)
        if blocks and (attempt.failing or attempt.has_given_up or not attempt.has_stored):
            reason = attempt.failure or attempt.refusals[-1].reason
            raise StoreBusy(f"{reason}; the same rows were stored just before", answered=True)

    def _judge(self, attempt: "_Attempt", blocks: Sequence[bytes]) -> None:
        """Raise StoreDenied where the store, and not the rows, may be at fault for what it refused."""
        suspect = attempt.suspect()
        if suspect is not None and not self._takes_newer(suspect, blocks):
            what = f"nearly all rows of {suspect!r}" if suspect else "nearly all rows"
            raise StoreDenied(f"{attempt.refusals[-1].reason}; it refuses {what}: {ADVICE}")

    def _find_witness(self, blocks: Sequence[bytes]) -> None:
        """Write something else, newer or a half, to see that the store works at all; StoreBusy where it stores none of it.

        A sensor whose rows fail is in every write, so ever smaller parts are tried, down to one row.
        """
        newest = self._newest()
        parts = [newest] if newest else _halves(self._store, blocks)
        failure: StoreBusy | None = None
        while parts:
            for part in parts:
                try:
                    if self._attempt(part, most_alone=ALONE).has_stored:
                        return
                except StoreBusy as error:
                    if not error.answered:
                        raise
                    failure = error
            parts = _halves(self._store, parts[-1])
        raise failure or StoreBusy("nothing else waits that the store takes", answered=True)

    def _takes_newer(self, measurement: str, blocks: Sequence[bytes], *, enduring: bool = False) -> bool:
        """Whether most of the newest rows of a measurement, or of all where it is empty, are stored.

        Where nothing waits behind the blocks, their own newer half shows it: rows that were not tried may be in there.
        """
        newest = self._newest() or next(reversed(_halves(self._store, blocks)), ())
        attempt = self._attempt(newest, most_alone=ALONE, enduring=enduring)
        sent, lost = _count(self._store, newest), attempt.doubtful + _count(self._store, attempt.failing)
        if measurement:
            return not attempt.has_given_up and 2 * lost[measurement] < sent[measurement]
        return not attempt.has_given_up and 2 * lost.total() < sent.total()

    def _takes_newer_of(self, measurements: Iterable[str], blocks: Sequence[bytes]) -> bool:
        """The same of each measurement; a part on which the store fails is no end."""
        return all(self._takes_newer(measurement, blocks, enduring=True) for measurement in measurements)

    def _attempt(self, blocks: Sequence[bytes], *, most_alone: int, enduring: bool = False) -> "_Attempt":
        """Write blocks; StoreDenied where more than a few readings meet a field of another type in the store."""
        attempt = _Attempt(self._store, self._stopping, most_alone, enduring=enduring)
        attempt.run(blocks)
        if (rows := attempt.of_other_type.total()) > ALONE:
            what = f"it refuses {counted(rows, 'reading')}, as another program wrote their field with another type"
            raise StoreDenied(f"{attempt.refusals[-1].reason}; {what}: {ADVICE}")
        return attempt


class _Attempt:
    """Blocks written once, and in halves where that fails.

    Args:
        store: store that is written to.
        stopping: whether to give up before the next write.
        most_alone: rows that may be refused or fail one after the other, nothing stored between them.
        enduring: whether to go on where the store answers that it fails on a part. Then parts behind too many rows that were
            refused or fail are still written, but not split; once one of them is stored, the next ones are split again.
    """

    def __init__(self, store: Store, stopping: Callable[[], bool], most_alone: int, *, enduring: bool) -> None:
        self._store, self._stopping, self._most_alone, self._enduring = store, stopping, most_alone, enduring
        self._alone = 0
        self._has_skipped = False
        self.sent: Counter[str] = Counter()  # rows of each measurement
        self.doubtful: Counter[str] = Counter()  # those of them that were refused, and the store may be at fault
        self.of_other_type: Counter[str] = Counter()  # readings whose field the store holds as another type
        self.refusals: list[Refusal] = []
        # What was refused before anything was stored, and the store may be at fault.
        self.early: dict[bytes, Refusal] = {}
        self.failing: list[bytes] = []
        self.failure: StoreBusy | None = None  # the last one
        self.stored: list[bytes] = []  # in order; of a block whose rows were refused in part it is the whole
        self.has_stored = False

    @property
    def is_cut_short(self) -> bool:
        """Whether too many rows were refused or failed one after the other, and none behind them was stored."""
        return self._alone > self._most_alone

    @property
    def has_given_up(self) -> bool:
        """Whether there were so many of them at any time that not all rows were tried one by one."""
        return self._has_skipped or self.is_cut_short

    @property
    def failing_readings(self) -> Counter[str]:
        """Rows that fail, of each measurement that the agent does not make."""
        return Counter({name: rows for name, rows in _count(self._store, self.failing).items() if name not in MADE})

    def run(self, blocks: Sequence[bytes]) -> None:
        """Write the blocks, or their parts.

        Raises:
            StoreBusy: the store cannot be reached.
            StoreDenied: it says no to everything.
        """
        if blocks:
            self._run(blocks)
        if self.refusals:  # else nobody asks how many there were
            self.sent = _count(self._store, blocks)

    def suspect(self) -> str | None:
        """The measurement of which nearly all rows were refused, empty where it was all of them; None where it was none."""
        doubtful = Counter({measurement: rows for measurement, rows in self.doubtful.items() if measurement not in MADE})
        for measurement, rows in doubtful.most_common():
            if self.is_cut_short or (measurement and rows >= NEARLY_ALL * self.sent[measurement]):
                return measurement
        sent = sum(rows for measurement, rows in self.sent.items() if measurement not in MADE)
        return "" if 0 < NEARLY_ALL * sent <= doubtful.total() else None

    def _run(self, blocks: Sequence[bytes]) -> None:
        if self.is_cut_short and not self._enduring:
            return
        try:
            self._write(blocks)
        except BlockRefused as error:
            if error.dropped is not None:
                self._leave_out(blocks, error, error.dropped)
                return
            trouble: BlockRefused | StoreBusy = error
        except StoreBusy as error:
            if not (self._enduring and error.answered):
                raise
            trouble = self.failure = error
        else:
            self._note_stored(blocks)
            return
        if self.is_cut_short:
            self._has_skipped = True
            return
        told_apart = trouble.parts if isinstance(trouble, BlockRefused) else ()
        parts = [[part] for part in told_apart] or _halves(self._store, blocks)
        for part in parts:
            self._run(part)
        if not parts:
            self._set_aside(blocks[0], trouble)

    def _write(self, blocks: Sequence[bytes]) -> None:
        if self._stopping():
            raise StoreBusy("stopping")
        try:
            self._store.write(*blocks)
        except StoreError:
            raise
        except Exception as error:  # a fault in a client library must not end the thread
            raise StoreBusy(f"unexpected {type(error).__name__} from the store: {error}") from error

    def _note_stored(self, blocks: Sequence[bytes]) -> None:
        self._alone, self.has_stored = 0, True
        self.stored += blocks

    def _leave_out(self, blocks: Sequence[bytes], error: BlockRefused, dropped: Mapping[str, int]) -> None:
        """The store has left rows out, and has stored the rest where there was any."""
        if sum(dropped.values()) < _count(self._store, blocks).total():
            self._note_stored(blocks)
            self._refuse(error, error.rows, dropped)
        else:
            self._refuse_all(error, self._store.join(blocks), error.rows, dropped)

    def _set_aside(self, row: bytes, trouble: BlockRefused | StoreBusy) -> None:
        """The smallest part there is was not stored."""
        if isinstance(trouble, BlockTooLarge):
            raise StoreDenied(f"{trouble}; allow larger requests there") from trouble
        if isinstance(trouble, StoreBusy) and trouble.passing:
            raise trouble
        number = self._store.count(row)
        if isinstance(trouble, BlockRefused):
            self._refuse_all(trouble, row, row, number)
        else:
            self._alone += not number.keys() <= MADE
            self.failing.append(row)

    def _refuse_all(self, error: BlockRefused, block: bytes, rows: bytes, number: Mapping[str, int]) -> None:
        """Nothing of a block was stored; the store may be at fault, unless it proves otherwise or the agent made it all."""
        refusal = self._refuse(error, rows, number)
        if not (number.keys() <= MADE or error.proven):
            self._alone += 1
            if not self.has_stored:
                self.early[block] = refusal

    def _refuse(self, error: BlockRefused, rows: bytes, number: Mapping[str, int]) -> Refusal:
        refusal = Refusal(str(error), rows, max(1, sum(number.values())))
        self.refusals.append(refusal)
        if not error.proven:
            self.doubtful.update(number)
        if error.by_type:
            self.of_other_type.update({name: rows for name, rows in number.items() if name not in MADE})
        return refusal


def _count(store: Store, blocks: Sequence[bytes]) -> Counter[str]:
    """How many rows of each measurement the blocks hold."""
    rows: Counter[str] = Counter()
    for block in blocks:
        rows.update(store.count(block))
    return rows


def _halves(store: Store, blocks: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Two parts of what was written at once; none where it can be split no further."""
    if half := len(blocks) // 2:
        return [blocks[:half], blocks[half:]]
    parts = store.split(blocks[0])
    return [[parts[0]], [parts[1]]] if parts else []
