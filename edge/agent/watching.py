"""The channel is looked at beside the loop; what may go live is handed to the loop between two batches."""

import threading
from queue import SimpleQueue

from edge.backoff import Backoff
from edge.log import Grumbler
from edge.release.ready import ReadyBundle
from edge.release.releases import Releases
from edge.threads import Died, Thread, raise_again

ENDS_WITHIN = 1.0  # seconds; a server that does not answer may keep the thread for longer, and it is left alone then


class Watcher:
    """A thread that looks at the channel.

    Args:
        releases: the bundles on this device; asked again and again.
        pause: seconds between two looks.
        grumbler: grumbler that logs unexpected errors.
        phase: the first pause, random, so that devices that started together do not look together.
        died: function called with one line where the thread dies.
        patience: seconds for which `stop` waits for a look under way.
    """

    def __init__(
        self,
        releases: Releases,
        pause: float,
        grumbler: Grumbler,
        *,
        phase: Backoff,
        died: Died = raise_again,
        patience: float = ENDS_WITHIN,
    ) -> None:
        self._patience = patience
        self._releases, self._pause, self._grumbler, self._phase = releases, pause, grumbler, phase
        self._waiting: SimpleQueue[ReadyBundle] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = Thread("releases", self._run, died)
        self.looked = threading.Event()

    def start(self) -> None:
        """Begin looking; `looked` is set after the first look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if not self._thread.join(self._patience):
            self._releases.leave()

    def ready(self) -> ReadyBundle | None:
        """The next bundle that is ready to go live."""
        return None if self._waiting.empty() else self._waiting.get()

    def _run(self) -> None:
        pause = self._phase.wait(1)
        while True:
            try:
                if self._waiting.empty() and (ready := self._releases.poll()) is not None:
                    self._waiting.put(ready)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next release must still be seen
                self._grumbler.say("release", f"unexpected {type(error).__name__}: {error}")
            finally:
                self.looked.set()
            if self._stopping.wait(pause):
                return
            pause = self._pause
