"""What the agent says of itself."""

from pathlib import Path

from edge.agent.counters import Counter, Counters, Gauge
from edge.agent.reporting import BrokerWatch, Reporter
from edge.clock.clocks import Clocks
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
    assert lines == ["broker: away; trying again", "connected: subscribed to the topics of [[ingest]]"]


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
    assert lines == ["broker: lost; trying again", "connected: subscribed to the topics of [[ingest]]"]


def test_what_holds_in_the_end_is_said_in_any_case() -> None:
    """A second loss within the same minute waits for its line; a connection after a loss that was said does not."""
    lines, script, now = list[str](), Script(), [0.0]
    watch = BrokerWatch(script, Grumbler(lines.append, lambda: now[0]))  # type: ignore[arg-type]
    for second, problem in ((1, "lost"), (2, None), (3, "lost"), (4, None), (5, "lost"), (60, "lost")):
        now[0], script.problem = float(second), problem
        watch.look()
    assert lines == ["broker: lost; trying again", "connected: subscribed to the topics of [[ingest]]"]
    for now[0] in (61.0, 62.0, 200.0):
        watch.look()
    assert lines[2:] == ["broker: lost; trying again (and 2 more like it)"]
    script.problem = None
    watch.look()
    assert lines[3:] == ["connected: subscribed to the topics of [[ingest]]"]
