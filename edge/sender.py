"""Blocks from the spool to the store, in order, again and again until the store has them."""

import threading
from collections.abc import Callable

from edge.errors import BlockRefused, StoreBusy, StoreDenied, StoreError
from edge.spool import Spool
from edge.store import Store

LONGEST_WAIT = 5.0  # seconds between tries of a store that is away
PAUSE = 0.1  # seconds between two writes
WRITE_SIZE = 4_000_000  # bytes in one write
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

    def start(self) -> None:
        """Begin sending."""
        self._thread.start()

    def stop(self) -> None:
        """End after the write that is under way; what is not sent stays in the spool."""
        self._stopping.set()
        self._wake.set()
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
            found = self._spool.next_blocks(self._sent, WRITE_SIZE)
            if found is None:
                self._wake.wait(1.0)
                self._wake.clear()
                continue
            number, blocks = found
            try:
                refused = self._deliver(self._store.join(blocks))
            except StoreError as error:
                if str(error) != self.problem:
                    self.problem = str(error)
                    self._log(f"{error}; everything is kept and sent later")
                wait = DENIED_WAIT if isinstance(error, StoreDenied) else min(2 * wait, LONGEST_WAIT)
                self._stopping.wait(wait)
                continue
            if self.problem is not None:
                self._log("the store is back")
                self.problem, wait = None, 0.1
            with self._lock:
                self._sent = number
                self._refused += refused
            # Let blocks gather: many small writes cost the store, and a gateway's flash, far more than a few large ones.
            self._stopping.wait(PAUSE)

    def _deliver(self, block: bytes) -> list[tuple[str, bytes]]:
        """Send a block; what the store refuses is narrowed down to single points.

        Returns:
            (reason, block) of what it refused.

        Raises:
            StoreBusy: try again later; what is there already changes nothing.
            StoreDenied: the same.
        """
        try:
            self._store.write(block)
        except BlockRefused as error:
            halves = self._store.split(block)
            if halves is None:
                self._log(f"set aside: {error}")
                return [(str(error), block)]
            return [refused for half in halves for refused in self._deliver(half)]
        except StoreError:
            raise
        except Exception as error:  # a fault in a client library must not end the thread
            raise StoreBusy(f"unexpected {type(error).__name__} from the store: {error}") from error
        return []
