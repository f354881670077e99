"""Releases are looked for beside the loop, and handed to it between two batches."""

import threading
from queue import SimpleQueue

from edge.log import Grumbler
from edge.release.releases import Candidate, Releases


class Watcher:
    """A thread that looks at the channel.

    Args:
        releases: asked again and again.
        pause: seconds between two looks.
        grumbler: says what nobody thought of.
        stopping: set when the agent ends.
    """

    def __init__(self, releases: Releases, pause: float, grumbler: Grumbler, stopping: threading.Event) -> None:
        self._releases, self._pause, self._grumbler, self._stopping = releases, pause, grumbler, stopping
        self._candidates: SimpleQueue[Candidate] = SimpleQueue()
        self.looked = threading.Event()

    def start(self) -> None:
        """Begin looking; `looked` is set after the first look."""
        threading.Thread(target=self._run, name="releases", daemon=True).start()

    def candidate(self) -> Candidate | None:
        """The next bundle that is ready to go live."""
        return None if self._candidates.empty() else self._candidates.get()

    def _run(self) -> None:
        while True:
            try:
                if self._candidates.empty() and (candidate := self._releases.poll()) is not None:
                    self._candidates.put(candidate)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next release must still be seen
                self._grumbler.say("release", f"unexpected {type(error).__name__}: {error}")
            self.looked.set()
            if self._stopping.wait(self._pause):
                return
