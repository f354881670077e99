"""What the agent says of itself."""

from datetime import timedelta
from pathlib import Path

import pytest

from edge.agent.counters import Counter, Counters, Gauge
from edge.agent.reporting import BrokerWatch, Reporter, say_held
from edge.clock.clocks import Clocks
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.log import Grumbler
from edge.spool.spool import Commit
from edge.stores.sqlite import SqliteStore
from tests.support.scripted_agent import Script


class Committed:
    """Commits in a list."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []

    def commit(self, commit: Commit, *, may_wait: bool = False) -> None:
        """Remember it."""
        del may_wait
        self.commits.append(commit)


def test_numbers_are_written_every_so_many_seconds(tmp_path: Path) -> None:
    """The rate is that of the time since the last row; a release is written at once."""
    counters, committed, moment = Counters(), Committed(), [100.0]
    clocks = Clocks(lambda: 0, lambda: moment[0])
    reporter = Reporter("agent", 10.0, SqliteStore(tmp_path / "store.db"), committed, counters, clocks)  # type: ignore[arg-type]
    counters.count(Counter.READINGS, 50)
    moment[0] = 109.9
    reporter.report_if_due("none")
    assert committed.commits == []
    moment[0] = 120.0
    reporter.report_if_due("none")
    assert (len(committed.commits), counters.gauge(Gauge.READINGS_PER_SECOND)) == (1, 2.5)
    reporter.report_if_due("none")
    reporter.released("last_value")
    assert [len(commit.blocks) for commit in committed.commits] == [1, 1]


def test_size_of_an_sqlite_store_is_told(tmp_path: Path) -> None:
    """With every report; of a file that is not there yet nothing is said."""
    counters, store, moment = Counters(), SqliteStore(tmp_path / "store.db"), [100.0]
    reporter = Reporter("agent", 10.0, store, Committed(), counters, Clocks(lambda: 0, lambda: moment[0]))  # type: ignore[arg-type]
    moment[0] = 120.0
    reporter.report_if_due("none")
    assert Gauge.STORE_BYTES not in counters.gauges()
    store.write(store.encode([], SeriesTable()))
    moment[0] = 140.0
    reporter.report_if_due("none")
    log = tmp_path / "store.db-wal"
    assert counters.gauge(Gauge.STORE_BYTES) == store.path.stat().st_size + log.stat().st_size > 0
    assert counters.gauge(Gauge.STORE_FREE_BYTES) == 0
    store.close()


def test_the_broker_is_spoken_of_when_it_changes() -> None:
    """Not at every look, and not while it is as it was."""
    lines: list[str] = []
    script = Script()
    watch = BrokerWatch(script, Grumbler(lines.append))  # type: ignore[arg-type]
    watch.look()
    assert lines == []
    for problem in ("away", "away", None, None):
        script.problem = problem
        watch.look()
    assert lines == ["broker: away; trying again", "connected: subscribed to '#' at a broker"]


def test_a_connection_lost_and_made_again_between_two_looks_is_spoken_of() -> None:
    """A busy loop may look only after the broker is back; the log still says that it was away."""
    lines: list[str] = []
    script = Script()
    watch = BrokerWatch(script, Grumbler(lines.append))  # type: ignore[arg-type]
    script.losses += 1
    watch.look()
    watch.look()
    assert lines == ["broker: the connection was lost and made again"]


def test_a_loss_that_was_seen_is_spoken_of_once() -> None:
    """The count rises a moment after the problem is set: the look between the two must not say it twice."""
    lines: list[str] = []
    script = Script()
    watch = BrokerWatch(script, Grumbler(lines.append))  # type: ignore[arg-type]
    script.problem = "lost"
    watch.look()
    script.losses += 1
    watch.look()
    script.problem = None
    watch.look()
    assert lines == ["broker: lost; trying again", "connected: subscribed to '#' at a broker"]


def test_what_holds_in_the_end_is_said_in_any_case() -> None:
    """A second loss within the same minute waits for its line; a connection after a loss that was said does not."""
    lines, script, now = list[str](), Script(), [0.0]
    watch = BrokerWatch(script, Grumbler(lines.append, lambda: now[0]))  # type: ignore[arg-type]
    for second, problem in ((1, "lost"), (2, None), (3, "lost"), (4, None), (5, "lost"), (60, "lost")):
        now[0], script.problem = float(second), problem
        watch.look()
    assert lines == ["broker: lost; trying again", "connected: subscribed to '#' at a broker"]
    for now[0] in (61.0, 62.0, 200.0):
        watch.look()
    assert lines[2:] == ["broker: lost; trying again (and 2 more like it)"]
    script.problem = None
    watch.look()
    assert lines[3:] == ["connected: subscribed to '#' at a broker"]


def test_silence_after_the_subscription_is_said_once_and_stays_for_health() -> None:
    """A topic that is written wrongly brings nothing, and health was ok."""
    lines, script = list[str](), Script()
    watch = BrokerWatch(script, Grumbler(lines.append), quiet=60.0)  # type: ignore[arg-type]
    for script.unheard in (None, 0.5, 59.9):
        watch.look()
    assert (lines, watch.silence) == ([], None)
    for script.unheard in (60.0, 130.0):
        watch.look()
    assert (watch.silence or "").startswith(
        "no message has come since we subscribed to '#' at a broker 2 min ago; check [mqtt] url"
    )
    assert lines == [f"no_message: {(watch.silence or '').replace('2 min', '1 min')}"]
    script.unheard = None
    watch.look()
    assert watch.silence is None


@pytest.mark.parametrize(("distance", "zone"), [(7200, '"+02:00"'), (7200 + 80, '"+02:00"'), (1234, None), (30 * 86_400, None)])
def test_readings_from_ahead_are_named_with_their_distance_and_the_way_out(distance: int, zone: str | None) -> None:
    """That of the farthest; the zone only where one is that far away."""
    lines: list[str] = []
    held = Readings.of([1, 0], [900 * SECOND, (1000 + distance) * SECOND], [1.0, 2.0])
    say_held(held, 1000 * SECOND, SeriesTable(["a", "b"]), Grumbler(lines.append))
    (line,) = lines
    assert f"the last of series 'a' by {timedelta(seconds=distance)}; they are stored" in line
    assert line.endswith(
        f"if that device writes local time, set [[ingest]] timezone = {zone} or the name of its zone"
        if zone
        else "until the clock is set or confirmed: let a time service set it"
    )
