"""The thread behind the page: it goes on where the store is away, and asks once for all who look."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from edge.errors import StoreBusy
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from flows.page.watching import Watch
from tests.support.page_store import FREEZER, HOUR, NOW, YARD, fill, page_store
from tests.support.servers import HANGS_AFTER, Influx


class Door:
    """A store that may be away; it counts how often it is opened."""

    def __init__(self, store: Store) -> None:
        self.store, self.opened, self.is_away = store, 0, False

    def __call__(self) -> Store:
        """Open it."""
        self.opened += 1
        if self.is_away:
            raise StoreBusy("the store is away")
        return self.store


def test_a_store_that_is_away_is_told_and_what_was_known_stays(tmp_path: Path) -> None:
    """One line, and nothing else changes; then it is asked again."""
    door = Door(page_store(tmp_path / "store.db"))
    watch = Watch(door, by_readings=True, clock=lambda: NOW)
    assert not watch.is_fresh
    watch.ask()
    assert (watch.trouble, watch.number, len(watch.snapshot.rows)) == ("", 1, 3)
    door.is_away = True
    watch.ask()
    assert (watch.trouble, watch.number, len(watch.snapshot.rows)) == ("the store is away", 1, 3)
    assert watch.series(FREEZER, HOUR) is None
    assert watch.sparks([FREEZER]) is None
    door.is_away = False
    watch.ask()
    assert (watch.trouble, watch.number) == ("", 2)


def test_an_answer_is_shared_until_the_next_look(tmp_path: Path) -> None:
    """A hundred viewers of a series are one question."""
    door = Door(page_store(tmp_path / "store.db"))
    watch = Watch(door, by_readings=True, clock=lambda: NOW)
    watch.ask()
    before = door.opened
    answers = [watch.series(FREEZER, 3 * HOUR) for _ in range(100)]
    assert door.opened == before + 1
    assert all(answer is answers[0] for answer in answers)
    assert watch.series(YARD, 3 * HOUR) is not answers[0]
    assert watch.series(FREEZER, 2 * HOUR) is not answers[0]
    watch.ask()
    assert watch.series(FREEZER, 3 * HOUR) is not answers[0]


def test_the_thread_looks_and_ends(tmp_path: Path) -> None:
    """It has looked soon after its start, and `stop` waits for its end."""
    path = tmp_path / "store.db"
    page_store(path).close()
    watch = Watch(lambda: SqliteStore(path), by_readings=True)
    watch.start()
    end = time.monotonic() + HANGS_AFTER
    while not watch.is_fresh and time.monotonic() < end:
        time.sleep(0.01)
    watch.stop()
    assert watch.number == 1
    Watch(lambda: SqliteStore(path), by_readings=True).stop()  # one that was never started


@pytest.mark.servers
def test_an_influxdb_that_restarts_is_away_in_one_line_and_then_the_page_goes_on(tmp_path: Path) -> None:
    """Killed with what it holds, and started again; nobody has to touch the page."""
    with Influx(tmp_path / "influx") as server:
        server.create("b")
        with closing(InfluxStore(server.url, "b", server.organisation, server.token)) as store:
            fill(store)
        watch = Watch(lambda: InfluxStore(server.url, "b", server.organisation, server.token), by_readings=True)
        watch.ask()
        known = watch.snapshot
        server.kill()
        watch.ask()
        assert watch.trouble.startswith(server.url) or "127.0.0.1" in watch.trouble
        assert "\n" not in watch.trouble
        assert watch.snapshot is known
        server.start()
        watch.ask()
        assert (watch.trouble, watch.number, watch.snapshot.rows) == ("", 2, known.rows)
