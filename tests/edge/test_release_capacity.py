"""What a contract takes on a device, and what is refused for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.alerts.rule import AlertRule
from edge.anomalies.rule import AnomalyRule
from edge.contract.coarse import Coarse
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.publish.settings import Publish
from edge.publish.topics import Plan
from edge.release.capacity import Asked, Fleet, at_once, expected_series, memory, most_series, need, shortage
from tests.support.closing_memory import asked

DEVICE = 256 * 2**20
MINUTE = 60 * SECOND


def test_usual_contracts_fit_a_small_device() -> None:
    """A week of quarter hours of a thousand series, a day ahead; ten thousand series of hourly readings."""
    assert shortage(Contract(15 * MINUTE, 672, 96), Fleet(1000, MINUTE), DEVICE) is None
    assert shortage(Contract(60 * MINUTE, 168, 24), Fleet(10_000, MINUTE), DEVICE) is None


def test_lateness_in_tiny_intervals_is_counted() -> None:
    """A minute of nanoseconds is sixty billion columns, whatever the window."""
    found = shortage(Contract(1, 24, 6), Fleet(1, MINUTE), DEVICE)
    assert found is not None
    assert found.startswith("it needs 514,984 MB for 1 series of 60000000024 intervals and 18 forecast values; expected")
    assert found.endswith("; shorten [agent] lateness, which is 60000000000 of the intervals")


def test_a_device_has_room_for_the_first_series_that_come() -> None:
    """A hundred years of lateness fit a device that knows none yet, and no device that has some."""
    contract, late = Contract(MINUTE, 24, 6), 36_525 * DAY
    series = expected_series(0, 10_000)
    assert shortage(contract, Fleet(1, late), 4 * 2**30) is None
    assert shortage(contract, Fleet(series, late), 4 * 2**30) is not None
    assert (series, expected_series(0, 5), expected_series(400, 10_000), expected_series(7, 5)) == (100, 5, 400, 7)
    assert shortage(Contract(15 * MINUTE, 672, 96), Fleet(series, DAY), DEVICE) is None


def test_the_number_of_series_counts() -> None:
    """What fits ten series need not fit a hundred thousand."""
    contract = Contract(15 * MINUTE, 672, 96)
    assert shortage(contract, Fleet(10), DEVICE) is None
    assert shortage(contract, Fleet(100_000), DEVICE) is not None


def test_leads_and_counters_count() -> None:
    """Each forecast of a lead waits for its fact, and a counter needs the time of its last reading."""
    contract = Contract(15 * MINUTE, 672, 96)
    usual, short = need(contract, Fleet(1000)), need(contract, Fleet(1000, leads=(1, 200)))
    assert usual - short > 1000 * 100 * 20
    assert need(contract, Fleet(1000, counters=True)) - usual == 1000 * 688 * 7


def test_a_step_is_bounded_by_the_horizon_and_by_the_window() -> None:
    """A long window of which few intervals are forecast takes memory as well."""
    assert [at_once(Contract(1, window, horizon), 1000) for window, horizon in ((24, 10), (800, 10), (24, 2000))] == [
        100,
        10,
        1,
    ]


DAY_AND_WEEK = (Coarse(60, 168), Coarse(10, 144))


@pytest.mark.parametrize(
    ("letters", "series", "window", "horizon", "coarse"),
    [
        ("nothing", 4000, 672, 96, ()),
        ("nothing", 10_000, 168, 24, ()),
        ("nothing", 4000, 360, 96, DAY_AND_WEEK),
        ("asp", 10_000, 168, 24, ()),
        ("asp", 4000, 672, 96, ()),
    ],
)
def test_the_formula_is_what_a_process_takes(
    letters: str, series: int, window: int, horizon: int, coarse: tuple[Coarse, ...]
) -> None:
    """The most memory that it had when the clock closed all series several times, also with all that can be asked for."""
    sizes = [series, window, horizon, *(number for part in coarse for number in (part.steps, part.count))]
    command = [sys.executable, "-m", "tests.support.closing_memory", letters, *map(str, sizes)]
    measured = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    fleet = Fleet(series, asked=asked(letters))
    assert need(Contract(60 * SECOND, window, horizon, coarse=coarse), fleet) == pytest.approx(measured, rel=0.25)


HOURS = Contract(60 * MINUTE, 168, 24)
RULES = (AlertRule(name="warm", series="a*", above=1.0), AlertRule(name="up", series="b", rises_by=1.0, within="6h"))


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        (Asked(), 0),
        (Asked(RULES), 16 + 2 * 83 + 6 * 4),
        (Asked([AlertRule(name="odd", leaves="80 %", within="12h")]), 16 + 83 + 32 + 12 * 4),
        (Asked(anomaly=AnomalyRule("100d")), 77 + 4 * 5),
        (Asked(publish=Publish()), 1.25 * (45 + 24 * 3 * 4) + 200),
        (Asked(publish=Publish(quantiles=1, retain=False)), 1.25 * (45 + 24 * 4)),
    ],
)
def test_what_is_asked_for_counts(wants: Asked, expected: float) -> None:
    """For each series and rule, lead, value and topic."""
    assert wants.series(HOURS, 4) == expected
    assert need(HOURS, Fleet(10_000, asked=wants)) - need(HOURS, Fleet(10_000)) == (
        10_000 * round(expected) + 2_100 * len(wants.alerts) * at_once(HOURS)
    )


def test_topics_are_those_of_the_series_that_rules_take() -> None:
    """Of four series two have one alert and one has another; each has a forecast, an anomaly and a device of all of these."""
    settings, strange = Publish(home_assistant=True), AnomalyRule("100d", "a*")
    names = ["a1", "a2", "b", "c"]
    assert Asked(RULES, strange, settings).topics == 2 + 2 * 3
    assert Asked(RULES, strange, settings, names).topics == (4 * 2 + 2 * (2 + 1 + 2)) / 4
    plan = Plan.of(settings, "agent", RULES, (), strange)
    assert Asked(RULES, strange, settings, names).topics * 4 == len(plan.kept_of(names) - plan.kept_of([]))
    assert Asked(RULES, strange, Publish(series=("c",)), names).topics == 1 / 4


def test_a_control_group_may_give_less_than_the_machine(tmp_path: Path) -> None:
    """That of the unit, or one that it is in; `max` and missing files are no limit."""
    own, unit = tmp_path / "own", tmp_path / "system.slice" / "gatecast-agent.service"
    machine = memory(tmp_path / "none", own)
    unit.mkdir(parents=True)
    own.write_text("1:name=systemd:/other\n0::/system.slice/gatecast-agent.service\n")
    (unit / "memory.max").write_text("max\n")
    assert memory(tmp_path, own) == machine > 0
    (unit / "memory.max").write_text("1048576\n")
    assert memory(tmp_path, own) == 1_048_576
    (unit.parent / "memory.max").write_text("1024\n")
    assert memory(tmp_path, own) == 1024


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    """Its name is `/` there; outside of version 2 nothing is known."""
    own = tmp_path / "own"
    (tmp_path / "memory.max").write_text("2048\n")
    own.write_text("0::/\n")
    assert memory(tmp_path, own) == 2048
    own.write_text("0::/../elsewhere\n")
    assert memory(tmp_path, own) > 0


@pytest.mark.parametrize("room", [0, 1 << 20, 1 << 28])
def test_one_series_more_than_most_is_too_much(room: int) -> None:
    """And so many are not."""
    contract = Contract(60 * MINUTE, 168, 24)
    most = most_series(contract, Fleet(1), room)
    assert shortage(contract, Fleet(most + 1), room) is not None
    assert most == 0 or shortage(contract, Fleet(most), room) is None
