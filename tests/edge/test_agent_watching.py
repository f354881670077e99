"""The channel is looked at beside the loop."""

import threading

from edge.agent.watching import Watcher
from edge.backoff import Backoff
from edge.log import Grumbler
from tests.support.servers import HANGS_AFTER, wait_until


class Counted:
    """Releases that count how often they are asked, and have nothing."""

    def __init__(self) -> None:
        self.looks, self.left = 0, False

    def leave(self) -> None:
        """Remember."""
        self.left = True

    def poll(self) -> None:
        """Count."""
        self.looks += 1


def test_the_second_look_comes_at_a_random_moment() -> None:
    """Within the pause; so devices that were started together look at different moments from then on."""
    releases, lines = Counted(), list[str]()
    phase = Backoff(3600.0, 3600.0, lambda: 0.0)
    watcher = Watcher(releases, 3600.0, Grumbler(lines.append), phase=phase)  # type: ignore[arg-type]
    watcher.start()
    assert watcher.looked.wait(HANGS_AFTER)
    wait_until(lambda: releases.looks == 2)
    watcher.stop()
    assert (releases.looks, watcher.ready(), lines) == (2, None, [])


def test_stopping_ends_the_pause() -> None:
    """Also one of an hour, and before the first start there is nothing to stop."""
    releases, lines = Counted(), list[str]()
    phase = Backoff(3600.0, 3600.0, lambda: 1.0)
    Watcher(releases, 3600.0, Grumbler(lines.append), phase=phase).stop()  # type: ignore[arg-type]
    watcher = Watcher(releases, 3600.0, Grumbler(lines.append), phase=phase)  # type: ignore[arg-type]
    watcher.start()
    assert watcher.looked.wait(HANGS_AFTER)
    watcher.stop()
    assert releases.looks == 1


def test_a_look_that_goes_on_at_the_end_is_told_of_it() -> None:
    """It may be testing a bundle, which is not to blame for the end."""

    class Busy(Counted):
        def poll(self) -> None:
            self.looks += 1
            go_on.wait(HANGS_AFTER)

    go_on, lines = threading.Event(), list[str]()
    for releases, patience, left in ((Busy(), 0.0, True), (Counted(), HANGS_AFTER, False)):
        phase = Backoff(3600.0, 3600.0, lambda: 1.0)
        watcher = Watcher(releases, 3600.0, Grumbler(lines.append), phase=phase, patience=patience)  # type: ignore[arg-type]
        watcher.start()
        wait_until(lambda releases=releases: releases.looks == 1)  # type: ignore[misc]
        watcher.stop()
        assert releases.left == left
    go_on.set()
