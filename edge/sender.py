"""Blocks from the spool to the store, in order, again and again until the store has them."""

import sqlite3
import threading
from collections.abc import Callable, Sequence

from edge.errors import BlockRefused, StoreBusy, StoreDenied, StoreError
from edge.spool import Spool
from edge.store import Store

LONGEST_WAIT = 5.0  # seconds between tries of a store that is away
PAUSE = 0.1  # seconds between two writes
WRITE_SIZE = 1_000_000  # bytes in one write
DENIED_WAIT = 30.0  # seconds between tries of a store that says no


class Sender:
    """A thread that sends; the spool's writer asks it what has arrived.

    Args:
        spool: read only here.
        store: written only here.
        log: called with one line when the store goes away, says no, and is back.
    """

    def __init__(self, spool: Spool, store: Store, log: Callable[[str], None]) -> None:
        self._spool, self._store, self._log = spool, store, log
        self._lock = threading.Lock()
        self._sent = 0
        self._told = 0
        self._refused: list[tuple[str, bytes]] = []
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self.problem: str | None = None
        self._trouble: type[Exception] | None = None

    def start(self) -> None:
        """Begin sending."""
        self._thread.start()

    def stop(self) -> None:
        """End after the write that is under way; what is not sent stays in the spool."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():  # stopping before the start is fine
            self._thread.join(timeout=LONGEST_WAIT + 1)

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    @property
    def has_news(self) -> bool:
        """Whether the store has taken something the spool's writer does not know of."""
        return self._sent > self._told

    def taken(self) -> tuple[int, list[tuple[str, bytes]]]:
        """Number of the newest block the store has, and what it refused since the last call."""
        with self._lock:
            refused, self._refused = self._refused, []
            self._told = self._sent
            return self._sent, refused

    def _run(self) -> None:
        wait = 0.1
        while not self._stopping.is_set():
            try:
                found = self._spool.next_blocks(self._sent, WRITE_SIZE)
                refused = self._deliver(found[1]) if found else []
            except (StoreError, sqlite3.Error) as error:
                # Once per outage: a store that goes away refuses, resets and times out in turn.
                if self.problem is None or type(error) is not self._trouble:
                    self._log(f"{error}; everything is kept and sent later")
                self.problem, self._trouble = str(error), type(error)
                wait = DENIED_WAIT if isinstance(error, StoreDenied) else min(2 * wait, LONGEST_WAIT)
                self._stopping.wait(wait)
                continue
            if found is None:
                self._wake.wait(1.0)
                self._wake.clear()
                continue
            if refused:
                self._log(f"{len(refused)} blocks set aside, as the store will never take them: {refused[0][0]}")
            if self.problem is not None:
                self._log("the store is back")
                self.problem, wait = None, 0.1
            with self._lock:
                self._sent = found[0]
                self._refused += refused
            # Let blocks gather: many small writes cost the store, and a gateway's flash, far more than a few large ones.
            self._stopping.wait(PAUSE)

    def _deliver(self, blocks: Sequence[bytes]) -> list[tuple[str, bytes]]:
        """Send blocks; what the store refuses is narrowed down to as little as it can split off.

        Returns:
            (reason, block) of what it refused.

        Raises:
            StoreBusy: try again later; what is there already changes nothing.
            StoreDenied: the same.
        """
        try:
            self._store.write(self._store.join(blocks))
        except BlockRefused as error:
            half = len(blocks) // 2
            halves = (blocks[:half], blocks[half:]) if half else self._halves(blocks[0])
            if halves is None:
                return [(str(error), blocks[0])]
            return [refused for part in halves for refused in self._deliver(part)]
        except StoreError:
            raise
        except Exception as error:  # a fault in a client library must not end the thread
            raise StoreBusy(f"unexpected {type(error).__name__} from the store: {error}") from error
        return []

    def _halves(self, block: bytes) -> tuple[Sequence[bytes], Sequence[bytes]] | None:
        parts = self._store.split(block)
        return parts and ([parts[0]], [parts[1]])
