"""A value that no forecast had expected is told once, as rare as it is in the past of its series."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.anomalies.change import AnomalyChange
from edge.anomalies.rule import AnomalyRule
from edge.anomalies.watch import FEWEST, SUPPORTED, Looked, Watch
from edge.contract.columns import Float64, Outcomes, Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND

HOUR = 3600 * SECOND
CONTRACT = Contract(interval=HOUR, window=24, horizon=4)
LEADS = (1, 4)
QUIET = 240  # hours before something happens
NAMES = ["a", "b"]


def watch(days: float = 100.0, **keys: object) -> Watch:
    """A watch of hours."""
    made = Watch.of(AnomalyRule(f"{days:g}d", **keys), CONTRACT, LEADS)  # type: ignore[arg-type]
    assert made is not None
    return made


def outcomes(facts: Sequence[float], first: int = 0, *, series: int = 0, interval: bool = True) -> Outcomes:
    """Facts of consecutive hours; every forecast is 10, from 9 to 11, from 8 to 12 at the longest lead."""
    count = 2 * len(facts)
    number = np.repeat(np.arange(first, first + len(facts)), 2)
    around = np.tile([[9.0, 10.0, 11.0], [8.0, 10.0, 12.0]], (len(facts), 1))
    if not interval:
        around[:, [0, 2]] = np.nan
    known = np.isfinite(np.repeat(facts, 2))
    whole = Outcomes(
        np.full(count, series, np.int32), number, np.tile(LEADS, len(facts)), np.repeat(facts, 2), around[:, 1], around
    )
    return whole.take(known)


def noise(count: int, seed: int = 0) -> list[float]:
    """Facts as forecast, most of them."""
    return [float(value) for value in np.random.default_rng(seed).normal(10.0, 0.7, count)]


def look(made: Watch, *parts: Outcomes) -> Looked:
    """What some batches bring together."""
    table, whole = SeriesTable(NAMES), Looked()
    for part in parts:
        looked = made.step(part, table)
        whole.points += looked.points
        whole.changes += looked.changes
    return whole


def hours(changes: Sequence[AnomalyChange]) -> list[tuple[int, bool]]:
    """Hour and direction of each."""
    return [(change.time // HOUR, change.raised) for change in changes]


def stored(points: Sequence[Points], name: str) -> Float64:
    """A field of all rows."""
    return np.concatenate([np.asarray(part.fields[name], np.float64) for part in points])


def test_a_jump_is_raised_once_and_cleared_after_half_a_day() -> None:
    """The three strange hours are one alarm; thirteen hours after the last of them it is over."""
    facts = [*noise(QUIET), 30.0, 31.0, 30.0, *([10.0] * 20)]
    changes = look(watch(), outcomes(facts)).changes
    assert hours(changes) == [(240, True), (255, False)]
    raised = changes[0]
    assert (raised.series, raised.value, raised.median, raised.lower, raised.upper) == ("a", 30.0, 10.0, 9.0, 11.0)
    assert raised.rarity == SUPPORTED * QUIET / 24


def test_rows_say_which_of_them_turned_an_alarm() -> None:
    """The first strange hour raises it, the next two find it raised, and the hour that clears it has no rarity."""
    points = look(watch(), outcomes([*noise(QUIET), 30.0, 31.0, 30.0, *([10.0] * 20)])).points
    rows = zip(*(stored(points, name)[-4:].tolist() for name in ("raised", "turned", "rarity")), strict=True)
    assert [(raised, turned, rarity > 0) for raised, turned, rarity in rows] == [
        (1, 1, True),
        (1, 0, True),
        (1, 0, True),
        (0, 1, False),
    ]


def test_distance_is_the_mean_of_logarithms_over_the_leads() -> None:
    """20 above the median are 20 half-widths at lead 1 and 10 at lead 4: root of 21 times 11, minus 1."""
    looked = look(watch(), outcomes([*noise(QUIET), 30.0]))
    assert stored(looked.points, "distance")[-1] == pytest.approx(np.sqrt(21 * 11) - 1)
    assert stored(looked.points, "forecast")[-1] == 10.0
    assert stored(looked.points, "raised")[-1] == 1
    assert looked.points[-1].time[-1] == 240 * HOUR


def test_rarity_is_that_of_the_tail() -> None:
    """Of 200 hours 16 are kept, one at u and 15 at v: P = 15 / 200 exp(-(x - u) / (v - u)), and an hour is 1/24 day."""
    made = watch(days=1.0)
    u, v, x = (
        np.log1p(far) / 2 + np.log1p(far / 2) / 2 for far in (1.0, 4.0, 40.0)
    )  # at lead 4 it is half as many half-widths
    assert not look(made, outcomes([11.0, *([14.0] * 15), *([10.0] * 184)])).points
    change = look(made, outcomes([50.0], first=200)).changes[0]
    assert change.rarity == pytest.approx(1 / 24 / (15 / 200 * np.exp(-(x - u) / (v - u))), rel=1e-4)


@pytest.mark.parametrize(
    ("quarters", "rarity", "alarms"), [(100, 40, 0), (191, 40, 0), (192, 80, 0), (287, 80, 0), (288, 120, 1)]
)
def test_the_days_seen_so_far_tell_no_more_than_forty_times_as_many(quarters: int, rarity: int, alarms: int) -> None:
    """A hundredth on the second day of a series that repeated exactly is no alarm in a hundred days, nor once in years.

    The first five errors are those that a mean error is known from.
    """
    made = Watch.of(AnomalyRule("100d"), replace(CONTRACT, interval=HOUR // 4), LEADS)
    assert made is not None
    looked = look(
        made, outcomes([10.0] * (5 + quarters), interval=False), outcomes([10.01], first=5 + quarters, interval=False)
    )
    assert (stored(looked.points, "rarity").tolist(), len(looked.changes)) == ([rarity], alarms)


def test_what_is_forgotten_limits_nothing() -> None:
    """40 times the days before half of 182 is known, a century from then on, also when half of all was just forgotten."""
    made, first, rarities = watch(3650), 0, []
    for hours in (2160, 40, 2170, 1, 24):
        made.step(outcomes(noise(hours), first=first), SeriesTable(NAMES))
        rarities.append(stored(look(made, outcomes([1e9], first=first + hours)).points, "rarity")[-1])
        first += hours + 1
    assert rarities == [3600, *[36_500] * 4]


def test_nothing_is_said_in_the_first_days() -> None:
    """Before a hundred hours nobody knows what is usual."""
    assert not look(watch(), outcomes([*noise(FEWEST - 1), 50.0])).points
    assert look(watch(), outcomes([*noise(FEWEST), 50.0])).changes


def test_what_lies_within_its_interval_is_none() -> None:
    """However rare it is: after a time without any error half a half-width is."""
    looked = look(watch(), outcomes([*([10.0] * QUIET), 10.5]))
    assert not looked.points


def test_constant_series_that_moves_is_told() -> None:
    """Also where a baseline forecasts, which has no interval."""
    for interval in (True, False):
        changes = look(watch(), outcomes([*([10.0] * QUIET), 14.0], interval=interval)).changes
        assert hours(changes) == [(240, True)]


def test_a_new_usual_is_learned() -> None:
    """The memory takes no value in full, but enough of them: after some alarms the same distance raises none."""
    facts = noise(QUIET)
    for _ in range(40):
        facts += [30.0, *noise(19)]
    raised = [hour for hour, is_raised in hours(look(watch(), outcomes(facts)).changes) if is_raised]
    assert raised
    assert max(raised) < QUIET + 20 * 20


def test_one_glitch_does_not_hide_the_next() -> None:
    """It enters the memory as what just raises an alarm."""
    facts = [*noise(QUIET), 1e9, *noise(QUIET), 30.0]
    assert [hour for hour, raised in hours(look(watch(), outcomes(facts)).changes) if raised] == [240, 481]


def test_gap_neither_raises_nor_clears() -> None:
    """Half a day after the alarm the next fact that is there clears it."""
    facts = [*noise(QUIET), 30.0, *([float("nan")] * 30), 10.0]
    assert hours(look(watch(), outcomes(facts)).changes) == [(240, True), (271, False)]


def test_series_that_are_not_asked_for_are_left_out() -> None:
    """By their names."""
    both = [outcomes([*noise(QUIET), 30.0], series=number) for number in (0, 1)]
    assert [change.series for change in look(watch(series="b"), *both).changes] == ["b"]


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(1, 320), max_size=6), st.booleans())
def test_batches_do_not_matter(cuts: set[int], interval: bool) -> None:
    """Two series in one batch or in many: the same rows, the same changes."""
    facts = [[*noise(QUIET, seed), 30.0, *noise(40, seed + 2), 35.0, *noise(38, seed + 4)] for seed in (0, 1)]
    edges = sorted({0, *cuts, 320})
    whole = look(watch(), *(outcomes(facts[number], series=number, interval=interval) for number in (0, 1)))
    pieces = []
    for first, last in itertools.pairwise(edges):
        parts = [outcomes(facts[n][first:last], first, series=n, interval=interval) for n in (0, 1)]
        columns = [np.concatenate(pair) for pair in zip(*(_columns(part) for part in parts), strict=True)]
        pieces.append(Outcomes(*columns))
    cut = look(watch(), *pieces)
    assert sorted(cut.changes, key=lambda c: (c.series, c.time)) == sorted(whole.changes, key=lambda c: (c.series, c.time))
    for name in ("distance", "rarity", "raised"):
        assert sorted(stored(cut.points, name).tolist()) == sorted(stored(whole.points, name).tolist())


def _columns(part: Outcomes) -> list[Float64]:
    return [getattr(part, name) for name in ("series", "number", "lead", "fact", "median", "quantiles")]


def test_dump_and_load_go_on_in_the_middle_of_an_alarm() -> None:
    """The same changes and rows as without."""
    facts = [*noise(QUIET), 30.0, *noise(30, 1), 40.0]
    whole = look(watch(), outcomes(facts))
    first, again = watch(), watch()
    before = look(first, outcomes(facts[:244]))
    again.load(iter(list(first.dump())))
    after = look(again, outcomes(facts[244:], 244))
    assert before.changes + after.changes == whole.changes
    assert np.array_equal(stored(before.points + after.points, "rarity"), stored(whole.points, "rarity"))


def test_another_grid_begins_anew_and_another_model_goes_on() -> None:
    """What is rare is a number of intervals."""
    made = watch()
    look(made, outcomes(noise(QUIET)))
    made.adapt(CONTRACT, LEADS)
    assert look(made, outcomes([30.0], QUIET)).changes
    made.adapt(Contract(interval=2 * HOUR, window=24, horizon=4), LEADS)
    assert not look(made, outcomes([60.0], QUIET)).changes
    assert DAY == 24 * HOUR


def test_series_that_stay_keep_what_they_had() -> None:
    """Their index is another one then."""
    made = watch()
    look(made, outcomes(noise(QUIET), series=1))
    made.keep(np.array([1], np.int32))
    changes = made.step(outcomes([30.0], QUIET), SeriesTable(["b"])).changes
    assert [change.series for change in changes] == ["b"]


def test_watch_that_saw_nothing_comes_back() -> None:
    """An agent may end before its first reading."""
    made, again = watch(), watch()
    again.load(iter(list(made.dump())))
    assert hours(look(again, outcomes([*noise(QUIET), 30.0])).changes) == [(240, True)]


def test_what_stands_is_known_also_after_a_restart() -> None:
    """With the change that raised it; other series, another grid and a new beginning have none."""
    made = watch()
    assert made.standing == {}
    raised = look(made, outcomes([*noise(QUIET), 30.0, 31.0], series=1)).changes
    assert made.standing == {1: raised[0]}
    before = made.standing
    look(made, outcomes([10.0], QUIET + 2, series=1))
    assert made.standing is before
    again = watch()
    again.load(iter(list(made.dump())))
    assert again.standing == before
    again.keep(np.array([1], np.int32))
    assert again.standing == {0: raised[0]}
    again.keep(np.array([1], np.int32))
    assert again.standing == {}
    look(made, outcomes([10.0] * 20, QUIET + 3, series=1))
    assert made.standing == {}
    look(made, outcomes([60.0], QUIET + 30, series=1))
    assert list(made.standing) == [1]
    made.forget()
    assert made.standing == {}


def test_a_snapshot_without_what_stands_is_read() -> None:
    """As earlier versions wrote it: the anomaly goes on, and nobody knows its numbers."""
    made, again = watch(), watch()
    look(made, outcomes([*noise(QUIET), 30.0]))
    head, columns = made.dump()
    again.load(iter([head, msgspec.msgpack.encode(msgspec.msgpack.decode(columns)[:-1])]))
    assert again.standing == {}
    changes = look(again, outcomes([10.0] * 13, QUIET + 1)).changes
    assert hours(changes) == [(QUIET + 13, False)]
