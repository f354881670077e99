"""A forecast of lead h is scored against exactly the interval it speaks of, once."""

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Float64, Readings, Scores
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation
from edge.contract.meaning import GAUGE, Meaning
from edge.series.closing import Closed
from edge.series.metrics import pinball
from edge.series.scoring import Scoring, default_leads
from edge.series.state import State

CONTRACT = Contract(interval=10, window=8, horizon=5)
LEADS = (1, 2, 5)


def counted(closed: Closed) -> Float64:
    """Of every origin the numbers of the target intervals, `[n, horizon, quantiles]`: right for a counting series."""
    number = closed.origin[:, None] // 10 + np.arange(5)
    return np.repeat(number[:, :, None], 3, axis=2)


def rows(scores: Scores) -> set[tuple[int, int, int]]:
    """(series, target interval, lead) of every score."""
    return set(zip(scores.series.tolist(), (scores.target // 10).tolist(), scores.lead.tolist(), strict=True))


def step(scoring: Scoring, closed: Closed) -> Scores:
    """Score what closed, then hold counting forecasts whose baseline is always 3 too high."""
    values = counted(closed)
    return scoring.step(closed, scoring.at_leads(values, values[:, :, 1] + 3))


@given(
    numbers=st.sets(st.integers(0, 60) | st.integers(0, 600), min_size=2),
    cuts=st.sets(st.integers(1, 59), max_size=6),
    lateness=st.sampled_from([0, 10, 35]),
)
def test_lead_h_is_scored_against_the_interval_h_minus_1_after_the_origin(
    numbers: set[int], cuts: set[int], lateness: int
) -> None:
    """On a counting series every error is 0, with gaps and with several intervals closing at once, and none is left out."""
    times = sorted(numbers)
    state, scoring = State(CONTRACT, lateness), Scoring(CONTRACT, LEADS)
    found: list[Scores] = []
    origins: list[tuple[int, int]] = []
    edges = sorted({0, *(cut for cut in cuts if cut < len(times)), len(times)})
    for start, stop in itertools.pairwise(edges):
        part = times[start:stop]
        closed = state.ingest(Readings.of([2] * len(part), [10 * number for number in part], part)).closed
        origins += zip((closed.origin // 10).tolist(), closed.advanced.tolist(), strict=True)
        found.append(step(scoring, closed))
    assert all(not scores.error.any() for scores in found)
    assert all((scores.baseline_absolute_error == 3).all() for scores in found)
    assert all((scores.covered == 1).all() for scores in found)
    expected = set()
    for place, (origin, _) in enumerate(origins):
        for later, advanced in origins[place + 1 :]:
            facts = range(later - advanced, later)
            expected |= {(2, origin + lead - 1, lead) for lead in LEADS if origin + lead - 1 in facts} & {
                (2, number, lead) for number in numbers for lead in LEADS
            }
    assert rows_of(found) == expected
    assert sum(len(scores) for scores in found) == len(expected)


def rows_of(found: list[Scores]) -> set[tuple[int, int, int]]:
    """Rows of several scores."""
    return {row for scores in found for row in rows(scores)}


def test_missing_interval_is_not_scored_and_later_ones_are() -> None:
    """A gap of two intervals leaves out exactly their targets."""
    state, scoring = State(CONTRACT), Scoring(CONTRACT, (1, 2))
    found = [step(scoring, state.ingest(Readings.of([0], [10 * n], [n])).closed) for n in (0, 1, 4, 5)]
    # Origins 1, 4 (two empty intervals closed with it) and 5; the forecast from 1 speaks of 1 and 2.
    assert rows_of(found) == {(0, 1, 1), (0, 4, 1)}


def test_interval_before_a_long_gap_is_scored() -> None:
    """However long the gap is, and whether a reading or the clock tells of it."""
    for gap in (6, 9, 400):
        state, scoring = State(CONTRACT), Scoring(CONTRACT, (1, 2))
        found = [step(scoring, state.ingest(Readings.of([0], [10 * n], [n])).closed) for n in (0, 1, 1 + gap)]
        assert rows_of(found) == {(0, 1, 1)}
        state, scoring = State(CONTRACT), Scoring(CONTRACT, (1, 2))
        found = [step(scoring, state.ingest(Readings.of([0], [10 * n], [n])).closed) for n in (0, 1)]
        found.append(step(scoring, state.advance(10 * (1 + gap))))
        assert rows_of(found) == {(0, 1, 1)}
        state, scoring = State(CONTRACT), Scoring(CONTRACT, (1, 2))
        found = [step(scoring, state.ingest(Readings.of([0, 0, 0], [0, 10, 10 + 10 * gap], [0, 1, 2])).closed)]
        assert rows_of(found) == {(0, 1, 1)}


@given(
    numbers=st.lists(st.integers(0, 40) | st.integers(0, 400), min_size=2, max_size=30),
    cuts=st.sets(st.integers(1, 29), max_size=6),
    meaning=st.sampled_from([GAUGE, Meaning("counter"), Meaning(hold=30)]),
    aggregation=st.sampled_from(["mean", "last", "max"]),
    lateness=st.sampled_from([0, 35]),
)
def test_scores_do_not_depend_on_how_readings_were_cut(
    numbers: list[int], cuts: set[int], meaning: Meaning, aggregation: Aggregation, lateness: int
) -> None:
    """Also of values that are differences or last readings, of late ones, and before gaps of any length."""
    readings = Readings.of([0] * len(numbers), [10 * number + place % 7 for place, number in enumerate(numbers)], numbers)
    contract = Contract(interval=10, window=8, horizon=5, aggregation=aggregation)
    found: list[set[tuple[float, ...]]] = []
    for edges in ([0, len(numbers)], sorted({0, *(cut for cut in cuts if cut < len(numbers)), len(numbers)})):
        state, scoring = State(contract, lateness, meaning=lambda _: meaning), Scoring(contract, LEADS)
        parts = [readings.take(np.arange(*edge)) for edge in itertools.pairwise(edges)]
        scores = [step(scoring, state.ingest(part).closed) for part in parts]
        columns = [np.concatenate([getattr(part, name) for part in scores]) for name in ("target", "lead", "error")]
        found.append(set(zip(*(column.tolist() for column in columns), strict=True)))
    assert found[0] == found[1]


def test_forecast_is_scored_once() -> None:
    """A late reading that repairs the window changes no score and adds none."""
    state, scoring = State(CONTRACT), Scoring(CONTRACT, (1,))
    for number in range(4):
        step(scoring, state.ingest(Readings.of([0], [10 * number], [number])).closed)
    assert not len(step(scoring, state.ingest(Readings.of([0], [25], [99])).closed))


def test_arithmetic_by_hand() -> None:
    """Forecast 8, 10, 14 at 0.1, 0.5, 0.9 and fact 12: error -2, pinball (0.4 + 1 + 0.2) / 3, covered."""
    closed = Closed(np.zeros(1, np.int32), np.array([10]), np.full((1, 8), 5), np.array([1]))
    fact = Closed(np.zeros(1, np.int32), np.array([20]), np.full((1, 8), 12), np.array([1]))
    scoring = Scoring(CONTRACT, (1,))
    values = np.zeros((1, 5, 3))
    values[0, 0] = [8, 10, 14]
    scoring.step(closed, scoring.at_leads(values, np.full((1, 5), 5)))
    scores = scoring.step(fact, scoring.at_leads(values, np.full((1, 5), 5)))
    assert (scores.target.tolist(), scores.lead.tolist()) == ([10], [1])
    assert (scores.error.tolist(), scores.absolute_error.tolist(), scores.covered.tolist()) == ([-2], [2], [1])
    assert scores.baseline_absolute_error.tolist() == [7]
    np.testing.assert_allclose(scores.pinball, [(0.1 * 4 + 0.5 * 2 + 0.1 * 2) / 3], rtol=1e-12)


@pytest.mark.parametrize(("fact", "covered"), [(7.9, 0), (8.0, 1), (14.0, 1), (14.1, 0)])
def test_interval_includes_its_ends(fact: float, covered: float) -> None:
    """A fact on the outermost quantile is covered."""
    first = Closed(np.zeros(1, np.int32), np.array([10]), np.full((1, 8), 5), np.array([1]))
    second = Closed(np.zeros(1, np.int32), np.array([20]), np.full((1, 8), fact), np.array([1]))
    scoring = Scoring(CONTRACT, (1,))
    kept = np.array([[[8, 10, 14, 10]]], np.float64)
    scoring.step(first, kept)
    assert scoring.step(second, kept).covered.tolist() == [covered]


def test_pinball_weighs_too_low_by_the_level_and_too_high_by_the_rest() -> None:
    """At 0.9 one below costs 0.9 and one above 0.1; at the median it is half the absolute error."""
    levels = np.array([0.9])
    assert pinball(np.array([1.0, -1.0]), np.zeros((2, 1)), levels) == pytest.approx([0.9, 0.1])
    assert pinball(np.array([3.0]), np.array([[1.0]]), np.array([0.5])) == pytest.approx([1.0])
    assert np.isnan(pinball(np.array([3.0]), np.array([[np.nan]]), np.array([0.5]))).all()


def test_forecast_without_an_interval_is_scored_but_not_covered() -> None:
    """A baseline knows only the median: its pinball and coverage are NaN, and its error counts."""
    first = Closed(np.zeros(1, np.int32), np.array([10]), np.full((1, 8), 5), np.array([1]))
    second = Closed(np.zeros(1, np.int32), np.array([20]), np.full((1, 8), 9), np.array([1]))
    scoring = Scoring(CONTRACT, (1,))
    kept = np.array([[[np.nan, 10, np.nan, 10]]], np.float64)
    scoring.step(first, kept)
    scores = scoring.step(second, kept)
    assert scores.error.tolist() == [1]
    assert np.isnan([*scores.covered, *scores.pinball]).all()


def test_where_no_forecast_was_made_nothing_is_scored() -> None:
    """NaN waits for no fact."""
    closed = Closed(np.zeros(2, np.int32), np.array([10, 20]), np.full((2, 8), 5), np.array([1, 1]))
    scoring = Scoring(CONTRACT, (1,))
    assert not len(scoring.step(closed, np.full((2, 1, 4), np.nan)))


def test_series_are_scored_apart() -> None:
    """The same target of another series is another fact, also in one batch in any order of series."""
    state, scoring = State(CONTRACT), Scoring(CONTRACT, (1,))
    order = [(3, 0), (1, 0), (3, 1), (1, 1), (3, 2), (1, 2)]
    readings = Readings.of([series for series, _ in order], [10 * n for _, n in order], [n for _, n in order])
    scores = step(scoring, state.ingest(readings).closed)
    assert rows(scores) == {(1, 1, 1), (3, 1, 1)}
    assert not scores.error.any()


@pytest.mark.parametrize(("horizon", "leads"), [(1, (1,)), (2, (1, 2)), (24, (1, 6, 12, 24)), (96, (1, 24, 48, 96))])
def test_leads_by_default_are_the_first_a_quarter_a_half_and_the_whole(horizon: int, leads: tuple[int, ...]) -> None:
    """Each once, ascending, as whole numbers also where the horizon has no half."""
    assert default_leads(horizon) == leads
    assert all(isinstance(lead, int) for lead in default_leads(horizon + 1))


TYPES = {"series": np.int32, "target": np.int64, "lead": np.int32}


def test_columns_of_scores_have_their_types_with_and_without_rows() -> None:
    """Series and leads are int32, targets int64, and all errors float64, which the store writes in full."""
    state, scoring = State(CONTRACT), Scoring(CONTRACT, LEADS)
    batches = [step(scoring, state.ingest(Readings.of([0], [10 * number], [number])).closed) for number in range(4)]
    assert [len(scores) for scores in batches] == [0, 0, 1, 2]
    for scores in batches:
        for name in Scores.__slots__:
            assert getattr(scores, name).dtype == TYPES.get(name, np.float64), name


def crowd(number: int, size: int) -> Closed:
    """Interval `number` of that many series closes, each with the number as its value."""
    values = np.full((size, 8), number - 1)
    return Closed(np.arange(size, dtype=np.int32), np.full(size, 10 * number), values, np.ones(size, np.int64))


def test_new_series_leave_the_forecasts_of_the_others_waiting() -> None:
    """Every series that a forecast was made for is scored, however many come after it, and no other."""
    scoring = Scoring(CONTRACT, (1,))
    for number, (size, known) in enumerate([(33, 0), (34, 33), (35, 34), (200, 35), (200, 200)], 1):
        scores = step(scoring, crowd(number, size))
        assert rows(scores) == {(series, number - 1, 1) for series in range(known)}
        assert not scores.error.any()


def test_a_loaded_dump_scores_what_the_dumped_one_would() -> None:
    """Forecasts of all series wait on the other side, of all leads, with the baseline."""
    straight, size = Scoring(CONTRACT, LEADS), 1100  # more than one part of a dump
    for number in (1, 2, 3):
        step(straight, crowd(number, size))
    parts = list(straight.dump())
    assert len(parts) == 3
    loaded = Scoring(CONTRACT, LEADS)
    loaded.load(iter([*parts, b"not a part of it"]))
    for number in (4, 5, 6, 7):
        expected, scores = step(straight, crowd(number, size)), step(loaded, crowd(number, size))
        assert len(scores) == size * min(3, 2 + (number > 5))
        for name in Scores.__slots__:
            np.testing.assert_array_equal(getattr(scores, name), getattr(expected, name))


def test_parts_of_a_dump_are_bounded_in_bytes() -> None:
    """Many leads make more parts of fewer series, which come back as they were."""
    scoring = Scoring(Contract(interval=10, window=8, horizon=1000), (1000,))
    closed = crowd(1, 120)
    scoring.step(closed, np.arange(480.0).reshape(120, 1, 4))
    parts, loaded = list(scoring.dump()), Scoring(scoring.contract, (1000,))
    assert len(parts) == 1 + 3
    loaded.load(iter(parts))
    assert list(loaded.dump()) == parts


def test_bytes_of_a_dump_do_not_change() -> None:
    """A snapshot is read by a later version: origins as int64, medians as float64, the others' distances as float32."""
    scoring = Scoring(CONTRACT, (2,))
    step(scoring, crowd(1, 1))
    distances = np.array([0, 0, 3, *[np.nan] * 3], np.float32).tobytes()
    columns = {"newest": np.int64(1).tobytes(), "median": np.array([2, np.nan]).tobytes(), "around": distances}
    assert list(scoring.dump()) == [b"\x01", msgspec.msgpack.encode(columns)]


TWO, NOTHING = "0200000000000000", "0000000000000080"


@pytest.mark.parametrize(
    "early",
    [
        pytest.param(
            "93c40802000000"
            "03000000"
            "c410"
            + np.array([2.0, np.nan]).tobytes().hex()
            + "c418"
            + np.array([0, 0, 3, *[0] * 3], np.float32).tobytes().hex(),
            id="last bits of targets",
        ),
        pytest.param(
            "92c410" + TWO + NOTHING + "c420" + np.array([2, 2, 2, 5, *[7] * 4], np.float32).tobytes().hex(), id="float32"
        ),
        pytest.param("92c410" + TWO + NOTHING + "c440" + np.array([2.0, 2, 2, 5, *[7] * 4]).tobytes().hex(), id="float64"),
        pytest.param(
            "93c410"
            + TWO
            + NOTHING
            + "c410"
            + np.array([2.0, 7]).tobytes().hex()
            + "c420"
            + np.array([0, 0, 0, 3, *[0] * 4], np.float32).tobytes().hex(),
            id="distances of all",
        ),
    ],
)
def test_a_dump_of_an_earlier_version_scores_as_before(early: str) -> None:
    """One forecast waits for interval 2; the other slot holds what was scored already, and is empty."""
    loaded, scoring = Scoring(CONTRACT, (2,)), Scoring(CONTRACT, (2,))
    loaded.load(iter([bytes.fromhex("01"), bytes.fromhex(early)]))
    step(scoring, crowd(1, 1))
    for number in (3, 4, 5):
        expected, scores = step(scoring, crowd(number, 1)), step(loaded, crowd(number, 1))
        assert len(scores) == (number != 4)
        for name in Scores.__slots__:
            np.testing.assert_array_equal(getattr(scores, name), getattr(expected, name))


def test_windows_that_close_together_are_scored_in_order_of_time() -> None:
    """Two series take turns, each 40 times: every forecast waits for the fact after it, and none for one before."""
    scoring = Scoring(CONTRACT, (1,))
    number = np.repeat(np.arange(1, 41), 2)
    values = np.repeat((number - 1.0)[:, None], 8, axis=1)
    closed = Closed(np.tile(np.array([1, 0], np.int32), 40), number * 10, values, np.ones(80, np.int64))
    scores = step(scoring, closed)
    assert rows(scores) == {(series, target, 1) for series in (0, 1) for target in range(1, 40)}
    assert len(scores) == 78
    assert not scores.error.any()


def test_intervals_whose_numbers_need_more_than_32_bits_are_scored() -> None:
    """Milliseconds since 1970 have passed that long ago; the step over a multiple of 2³² is one like any other."""
    scoring = Scoring(CONTRACT, (1, 2))
    scores = [step(scoring, crowd(2**32 + number, 1)) for number in range(-2, 3)]
    assert [rows(part) for part in scores] == [
        {(0, 2**32 + number - 1, lead) for lead in (1, 2)[: number + 2]} for number in range(-2, 3)
    ]
    assert not any(part.error.any() for part in scores)
