"""A forecast is told what had been issued by its origin, and nothing newer; what is missing is told as missing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ahead.issues import ALWAYS, Ahead, Issues
from edge.contract.ahead.known import FARTHEST, Known
from edge.contract.clock import Clock
from edge.contract.contract import MOST_KNOWN, Context, Contract
from edge.contract.times import DAY, SECOND
from edge.errors import ConfigurationError

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 4, 3, inputs=(Clock(), Known("wind", "m/s", 4.0, 2.0)))
ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 20), st.integers(-5, 5)), max_size=40)


def by_hand(rows: list[tuple[int, int, int]], origin: int, interval: int) -> float:
    """The value of an interval at an origin, both in hours, where no value holds: newest issue, mean, last one of a time."""
    issues = {issued for issued, time, _ in rows if issued <= origin and time == interval}
    newest = [value for issued, time, value in rows if time == interval and issued == max(issues, default=None)]
    return newest[-1] if newest else np.nan


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(0, 15))
def test_the_newest_issue_by_the_origin_counts_for_each_interval(rows: list[tuple[int, int, int]], origin: int) -> None:
    """In whatever order the values come; each is an issue of its own here, so that none holds."""
    apart = [(issued, time, value) for issued, time, value in rows if time >= issued]  # what is over is of no use
    ahead = Issues.of(*([row[part] for row in apart] for part in range(3)))
    moments = ahead.issued * HOUR + np.arange(len(ahead))
    told = Issues(moments, ahead.time * HOUR, ahead.value).on_grid(HOUR).at(np.array([origin * HOUR + 10**6]), 4)
    expected = [by_hand(apart, origin, origin + lead) for lead in range(4)]
    np.testing.assert_array_equal(told[0], expected)


def test_a_value_is_known_from_its_issue_on() -> None:
    """At an origin of the same moment it is there, at the one before it is not, and what another issue lacks stays."""
    issues = Issues.of([0, 0, 5 * HOUR], [6 * HOUR, 7 * HOUR, 6 * HOUR], [1, 2, 10])
    told = issues.on_grid(HOUR).at(np.array([4, 5]) * HOUR, 4)
    np.testing.assert_array_equal(told, [[np.nan, np.nan, 1, 2], [np.nan, 10, 2, np.nan]])


def test_an_interval_is_the_mean_of_an_issue_in_it() -> None:
    """Quarters of an hour become an hour; another issue has no part in it."""
    quarters = np.arange(4) * HOUR // 4
    issues = Issues(np.array([0, 0, 0, 0, 1]), np.append(quarters, 0), np.array([1.0, 2, 3, 6, 50]))
    assert issues.on_grid(HOUR).at(np.array([0]), 1)[0, 0] == 3


def test_a_value_holds_until_the_next_one_of_its_issue() -> None:
    """A tariff of hours has a value in each quarter; the last one holds as long as the one before it, none beyond a day."""
    tariff = Issues.of([ALWAYS] * 3, [0, HOUR, 3 * HOUR], [1, 2, 3]).on_grid(HOUR // 2)
    np.testing.assert_array_equal(tariff.at(np.array([0]), 11)[0], [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, np.nan])
    rare = Issues.of([ALWAYS] * 2, [0, 3 * DAY], [1, 2]).on_grid(DAY // 2)
    np.testing.assert_array_equal(rare.at(np.array([0]), 9)[0], [1, 1, *[np.nan] * 4, 2, 2, np.nan])
    assert len(Issues.of([0], [HOUR], [7]).on_grid(HOUR // 4)) == 1


def test_what_cannot_be_a_value_is_none() -> None:
    """NaN and infinity are left out, the same moment twice counts once, and what was over when it was issued is of no use."""
    issues = Issues.of([0] * 5, [0, HOUR, HOUR, 2 * HOUR, -HOUR], [np.nan, 5, 6, np.inf, 1])
    ahead = issues.on_grid(HOUR)
    assert (ahead.number.tolist(), ahead.value.tolist()) == ([[0, 0], [1, 2]], [1, 6])
    assert len(Issues.of([5 * HOUR], [HOUR], [1]).on_grid(HOUR)) == 0
    nothing = Issues.of().on_grid(HOUR)
    assert np.isnan(nothing.at(np.array([0, HOUR]), 2)).all()


def test_far_origins_are_asked_in_vain() -> None:
    """Whatever lies between: the search stays within int64."""
    ahead = Issues.of([0, 10**6], [HOUR, 2 * HOUR], [1, 2]).on_grid(10**6)
    assert np.isnan(ahead.at(np.array([-(2**62), 2**62]), 3)).all()


def test_a_model_is_told_the_distance_from_the_centre_and_that_it_is_known() -> None:
    """What is missing is 0 in both; what nothing was learned of is as far as anything can be."""
    told = Known("wind", "m/s", 4.0, 2.0).told(np.array([[np.nan, 4.0, 8.0, np.nan, 1e9, -np.inf]]), 1)
    assert told[0].tolist() == [[0, 1, 0, 0], [2, 1, 0, 0], [0, 0, 0, 0], [FARTHEST, 1, 0, 0], [0, 0, 0, 0]]


def test_a_wrong_value_counts_as_not_told() -> None:
    """More than 100 spreads of 2 from the centre of 4 is wrong, 204 is not; an earlier issue or value counts."""
    wind = Known("wind", "m/s", 4.0, 2.0)
    assert wind.believed == (-196, 204)
    some = Issues.of([0] * 4, [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR], [204.0, 204.1, -196.0, -196.1]).on_grid(HOUR)
    right = some.within(*wind.believed)
    assert right.value.tolist() == [204, -196]
    assert some.within(*wind.believed) is right
    assert right.within(*wind.believed) is right
    assert some.within(0, 300).value.tolist() == [204, 204.1]
    issues = Issues.of([0, 0, 1, 1, 1], [30 * HOUR, 31 * HOUR, 30 * HOUR, 31 * HOUR, 32 * HOUR], [5, 6, 1e15, 7, -9999])
    context = Context(np.array([30 * HOUR]), {"wind": issues.on_grid(HOUR)})
    assert context.known(CONTRACT)["wind"][0, -3:].tolist() == [5, 7, pytest.approx(np.nan, nan_ok=True)]
    assert context.future(CONTRACT)[0, :, 4:6].tolist() == [[0.5, 1], [1.5, 1], [0, 0]]
    held = replace(CONTRACT, inputs=(Known("wind", "m/s", 4.0, 2.0, DAY),))
    measured = Issues.of([HOUR, 2 * HOUR], [0, HOUR], [5, -9999]).on_grid(HOUR, late=DAY)
    assert Context(np.array([2 * HOUR]), {"wind": measured}).known(held)["wind"][0, -3:].tolist() == [5, 5, 5]
    nothing = Issues.of([0] * 2, [30 * HOUR, 31 * HOUR], [1e15, -1e15]).on_grid(HOUR // 2)
    half = replace(CONTRACT, interval=HOUR // 2)
    assert np.isnan(Context(np.array([30 * HOUR]), {"wind": nothing}).known(half)["wind"]).all()
    assert not nothing.within(*wind.believed).told(60, 1, 3).any()


def test_a_model_is_told_the_change_since_the_same_time_of_the_day_before() -> None:
    """Leads beyond a day are compared with the last day before the origin, the only one that is known to be over."""
    told = Known("wind", "m/s", 4.0, 2.0).told(np.array([[1.0, np.nan, 3.0, 5.0, 7.0]]), 2)
    assert told[0].tolist() == [[-0.5, 1, 1, 1], [0.5, 1, 0, 0], [1.5, 1, 3, 1]]


def test_inputs_follow_the_clock_in_the_columns() -> None:
    """Each window is told what was known at its origin, an input without a source that nothing is."""
    ahead = {
        "wind": Issues.of([0, 2 * HOUR], [26 * HOUR, 26 * HOUR], [4, 6]).on_grid(HOUR),
        "rain": Issues.of().on_grid(HOUR),
    }
    context = Context(np.array([26, 1, 26]) * HOUR, ahead)
    told = context.future(CONTRACT)
    assert CONTRACT.future[4:] == ("wind", "wind is known", "change of wind", "change of wind is known")
    assert told.shape == (3, 3, 8)
    np.testing.assert_array_equal(told[:, :, :4], context.future(replace(CONTRACT, inputs=(Clock(),))))
    assert told[:, 0, 4:].tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]]
    assert not told[:, 1:, 4:].any()
    np.testing.assert_array_equal(context.take(slice(1, 2)).future(CONTRACT), told[1:2])
    later = replace(context, origin=context.origin + 2 * DAY).future(CONTRACT)
    assert not later[:, :, 4:].any()  # what was known of yesterday tells nothing alone
    assert not Context(context.origin).future(CONTRACT)[:, :, 4:].any()
    with pytest.raises(ValueError, match="expected values of wind every"):
        Context(context.origin, {"wind": Ahead(1, *(np.zeros(1, np.int64),) * 2, np.zeros(1))}).future(CONTRACT)


@pytest.mark.parametrize(
    "inputs", [(Known("a"), Known("a")), tuple(Known(str(number)) for number in range(MOST_KNOWN + 1))], ids=["twice", "many"]
)
def test_inputs_have_names_of_their_own(inputs: tuple[Known, ...]) -> None:
    """Of two with one name nobody could say which is meant; and what a model is told stays small."""
    with pytest.raises(ConfigurationError, match="each with a name of its own"):
        Contract(HOUR, 4, 3, inputs=inputs)


@pytest.mark.parametrize(("name", "centre", "spread"), [("", 0, 1), ("a", np.nan, 1), ("a", 0, 0), ("a", 0, np.inf)])
def test_an_input_can_be_measured(name: str, centre: float, spread: float) -> None:
    """No value can be told in units of nothing."""
    with pytest.raises(ConfigurationError, match="needs a"):
        Known(name, "", centre, spread)


def test_a_value_that_no_network_can_take_does_not_count() -> None:
    """Its square would make the spread of all values infinite, and end the training."""
    ahead = Issues.of([0] * 3, [HOUR, 2 * HOUR, 3 * HOUR], [1.0, 1e200, 3.0]).on_grid(HOUR)
    assert ahead.at(np.array([HOUR]), 3).tolist() == [[1, 1, 3]]


def held_by_hand(rows: list[tuple[int, int, int]], origin: int, lead: int, longest: int) -> float:
    """The value of an interval of an input that holds, all in hours; a row has moment, time and value."""
    known = {time: value for issued, time, value in sorted(rows) if issued <= origin}
    past = [time for time in known if time < origin and min(origin - 1, origin + lead) - time <= longest]
    if lead < 0:
        past = [time for time in past if time <= origin + lead]
    coming = [time for time in known if origin <= time <= origin + lead]
    newest = max([*past, *coming], default=None)
    return np.nan if newest is None else known[newest]


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(0, 25), st.integers(1, 9))
def test_the_newest_value_holds_until_a_later_one_is_known(rows: list[tuple[int, int, int]], origin: int, longest: int) -> None:
    """Before the origin for so long, and what counts at the origin for all leads, in whatever order values are told."""
    rows = list({(issued, time): (issued, time, value) for issued, time, value in rows}.values())
    columns = [np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else ((), (), ()))]
    # A second apart, so that each is an issue of its own, in the order of their times.
    issued = columns[0] * HOUR + columns[1] * SECOND
    ahead = Issues(issued, columns[1] * HOUR, columns[2].astype(float)).on_grid(HOUR, late=30 * HOUR)
    told = ahead.at(np.array([origin * HOUR + HOUR // 2]), 5, 6, longest * HOUR)
    by_hand = [held_by_hand(rows, origin, lead, longest) for lead in range(-6, 5)]
    np.testing.assert_array_equal(told[0], by_hand)


def test_a_set_point_is_known_of_all_leads_and_of_the_day_before() -> None:
    """Set on the first day, changed on the fourth: the model is told the value, and that it was another one."""
    contract = replace(CONTRACT, inputs=(Known("wind", "m/s", 4.0, 2.0, 30 * DAY),))
    issues = Issues.of([0, 3 * DAY], [0, 3 * DAY - HOUR], [4, 6])  # the second one is told at the end of its interval
    context = Context(np.array([3 * DAY - HOUR, 3 * DAY, 3 * DAY + HOUR]), {"wind": issues.on_grid(HOUR, late=HOUR)})
    assert context.future(contract).tolist() == [[[0, 1, 0, 1]] * 3, [[1, 1, 1, 1]] * 3, [[1, 1, 1, 1]] * 3]
    short = replace(contract, inputs=(Known("wind", "m/s", 4.0, 2.0, 2 * HOUR),))
    assert context.future(short)[:, 0].tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_what_comes_late_counts_where_it_may() -> None:
    """A value that is told after the end of its interval is of use to an input that holds, and of none to others."""
    late = Issues.of([3 * HOUR], [HOUR], [7])
    assert len(late.on_grid(HOUR)) == 0
    held = late.on_grid(HOUR, late=2 * HOUR)
    assert held.at(np.array([2, 3]) * HOUR, 2, 0, 5 * HOUR).tolist()[1] == [7, 7]
    assert np.isnan(held.at(np.array([2 * HOUR]), 2, 0, 5 * HOUR)).all()
    assert np.isnan(held.at(np.array([-(2**62), 2**62]), 3, 2, DAY)).all()


def test_a_hold_is_no_negative_time() -> None:
    """Nothing counts before it is told."""
    with pytest.raises(ConfigurationError, match="needs a hold of at least 0; got -1 ns"):
        Known("wind", hold=-1)


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(-3, 25), st.integers(0, 9), st.integers(1, 4))
def test_of_which_origins_a_lead_is_known_is_told_without_a_look_up(
    rows: list[tuple[int, int, int]], first: int, longest: int, horizon: int
) -> None:
    """As the look-up says it, whether values hold or not."""
    issues = Issues.of(*([row[part] * (HOUR if part < 2 else 1) for row in rows] for part in range(3)))
    ahead = issues.on_grid(HOUR, late=30 * HOUR)
    values = ahead.at(np.arange(first, first + 12) * HOUR, horizon, 0, longest * HOUR)
    told = ahead.told(first, 12, horizon, longest * HOUR)
    np.testing.assert_array_equal(told, np.isfinite(values).any(axis=1))
