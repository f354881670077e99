"""Whether the store has more than came through this agent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edge.broker.sharing import Look, Sharing
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import StoreBusy
from edge.stores.sqlite import SqliteStore
from tests.support.servers import HANGS_AFTER, wait_until

START = 1_789_999_200 * SECOND
LOOK = Look(ahead=10.0, span=60.0, settle=5.0)


class Group:
    """One agent of a group, and the store that all agents write to.

    Args:
        folder: folder of the store.
    """

    def __init__(self, folder: Path) -> None:
        self.now, self.path = START, folder / "store.db"
        self.series = SeriesTable(["a", "b"])
        self.fails, self.failed = False, threading.Event()
        self.sharing = Sharing(self.series, self.open, lambda: self.now, LOOK)

    def open(self) -> SqliteStore:
        """A connection to the store, which may be away."""
        if self.fails:
            self.failed.set()
            raise StoreBusy("away")
        return SqliteStore(self.path)

    def write(self, readings: Readings) -> None:
        """Let the store have readings, whoever took them."""
        store = SqliteStore(self.path)
        store.write(store.encode([Points.of_readings(readings)], self.series))
        store.close()

    def pass_time(self, *, ours: int, ahead: int = 0) -> None:
        """A reading of two series every five seconds, of which those of the first ones come through us, twice.

        Args:
            ours: number of series.
            ahead: seconds by which the clocks of the sensors are ahead of ours.
        """
        begin = self.now
        for second in range(0, 80, 5):
            self.now = begin + second * SECOND
            moment = self.now + ahead * SECOND
            readings = Readings.of([0, 1], [moment, moment], [1.0, 2.0])
            for _ in range(2):
                self.sharing.note(readings.take(np.arange(ours)))
            self.write(readings)


@contextmanager
def group(folder: Path) -> Iterator[Group]:
    """An agent of a group whose thread is ended; there are readings from before."""
    agents = Group(folder)
    agents.write(Readings.of([0, 1], [START - SECOND, START - SECOND], [1.0, 1.0]))
    agents.sharing.start()
    yield agents
    agents.sharing.stop()


def test_readings_that_came_by_another_agent_are_noticed(tmp_path: Path) -> None:
    """The broker deals the messages of a topic out; the reason names the series, and ends with the trouble."""
    with group(tmp_path) as agents:
        agents.sharing.note(Readings.of([1], [START], [2.0]))
        agents.pass_time(ours=1)
        wait_until(lambda: agents.sharing.looks == 1, what="the first comparison")
        assert "readings of 1 of 2 series that were compared, first 12 of 'b'" in (agents.sharing.problem or "")
        agents.pass_time(ours=2)
        wait_until(lambda: agents.sharing.looks == 2, what="the second comparison")
        assert agents.sharing.problem is None


def test_series_of_other_agents_are_no_trouble(tmp_path: Path) -> None:
    """The broker keeps each topic with one agent."""
    with group(tmp_path) as agents:
        agents.pass_time(ours=1)
        wait_until(lambda: agents.sharing.looks == 1, what="the comparison")
        assert agents.sharing.problem is None


def test_a_clock_that_is_behind_accuses_nobody(tmp_path: Path) -> None:
    """Readings of the span may have come before this agent noted any, so nothing is compared."""
    with group(tmp_path) as agents:
        agents.pass_time(ours=1, ahead=3600)
    assert (agents.sharing.looks, agents.sharing.problem) == (0, None)


def test_a_store_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    """With the next span."""
    with group(tmp_path) as agents:
        agents.fails, agents.now = True, START + 100 * SECOND
        agents.sharing.note(Readings.empty())
        assert agents.failed.wait(HANGS_AFTER)
        agents.fails = False
        agents.pass_time(ours=2)
        wait_until(lambda: agents.sharing.looks == 1, what="the comparison")
