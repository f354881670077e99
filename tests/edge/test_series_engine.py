"""Readings in, rows for the store out: what is forecast, by whom, and what a restart remembers."""

import itertools
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Float64, Int32, Points, Readings, Scores, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.meaning import Meaning
from edge.contract.schema import FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING, Measurement
from edge.errors import BundleError
from edge.forecaster.baselines import Baseline, seasonal_naive
from edge.forecaster.forecaster import AllQuantiles
from edge.series.effect import Effect
from edge.series.engine import Engine
from edge.series.entry import Entry
from edge.series.outlook import Leads
from tests.support.filling import fill

CONTRACT = Contract(interval=10, window=4, horizon=3)
ANY = replace(CONTRACT, max_missing=1.0)  # any window with a value is the model's


@dataclass
class Counter(AllQuantiles):
    """Forecasts the number of the target interval of a counting series, from the newest value of the window.

    `fault` is raised, or put into the first forecast, into its highest quantile only where `outer` says so.
    """

    contract: Contract = CONTRACT
    name: str = "counter"
    fault: Exception | float | None = None
    outer: bool = False
    asked: Int32 | None = None
    told: Context | None = None

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """Each quantile a tenth apart."""
        self.asked, self.told = series, context
        if isinstance(self.fault, Exception):
            raise self.fault
        steps = np.arange(1, self.contract.horizon + 1)[:, None] + (np.arange(3) - 1) / 10
        values: Float64 = windows[:, -1, None, None] + steps
        if self.fault is not None:
            values[:1, :, 2 * self.outer :] = self.fault
        return values


def engine(forecaster: Counter | None = None, known: Sequence[str] = ("a", "b"), **options: object) -> Engine:
    """Three series, of which the forecaster knows two."""
    return Engine(forecaster or Counter(), known, SeriesTable(["x", "b", "a"]), **options)  # type: ignore[arg-type]


def count(numbers: Sequence[int], series: int = 2) -> Readings:
    """A reading at the start of each interval, whose value is the interval's number."""
    return Readings.of([series] * len(numbers), [10 * number for number in numbers], numbers)


def rows(effect: Effect, measurement: Measurement) -> list[dict[str, object]]:
    """Rows of a measurement in the order they are written."""
    found = []
    for part in effect.points:
        if part.measurement == measurement:
            columns = {name: [c] * len(part) if isinstance(c, str) else c.tolist() for name, c in part.fields.items()}
            columns |= {"series": part.series.tolist(), "time": part.time.tolist()}
            if part.lead is not None:
                columns["lead"] = part.lead.tolist()
            found += [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return found


def equal(one: Scores, other: Scores) -> bool:
    """Whether scores are the same, NaN included."""
    return all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True) for n in Scores.__slots__)


def test_rows_of_one_forecast() -> None:
    """Every lead in `forecast`, the chosen ones in `forecast_lead`, each at the start of the interval it speaks of."""
    fleet = engine(Counter(ANY), leads=Leads((3, 1, 3, 99)))
    effect = fleet.step(count([0, 1, 2, 3, 4]))
    newest = [row for row in rows(effect, FORECAST) if row["origin"] == 40]
    assert [(row["time"], row["lead"], row["model"]) for row in newest] == [
        (t, h, "counter") for t, h in ((40, 1), (50, 2), (60, 3))
    ]
    assert [row["q50"] for row in newest] == [4, 5, 6]
    assert newest[0]["q10"] == pytest.approx(3.9)
    assert newest[0]["q90"] == pytest.approx(4.1)
    kept = [(row["origin"], row["time"], row["lead"], row["q50"]) for row in rows(effect, FORECAST_LEAD)]
    assert kept == [(o, o + 10 * h - 10, h, o / 10 + h - 1) for o in (10, 20, 30, 40) for h in (1, 3)]


def test_every_reading_is_written_and_what_is_known_is_counted() -> None:
    """A repeated reading may be known from a history that is not in the store. One too late for any window is counted apart."""
    fleet = engine()
    fleet.step(count([0, 1, 9]))
    effect = fleet.step(Readings.of([2, 2, 2], [90, 10, 5], [9, 1, 77]))
    assert [(row["time"], row["value"]) for row in rows(effect, READING)] == [(90, 9), (10, 1), (5, 77)]
    assert (effect.fresh.tolist(), effect.late, effect.too_late.tolist()) == ([False, False, True], 0, [False, False, True])
    effect = fleet.step(Readings.of([2], [75], [7.5]))
    assert (effect.fresh.tolist(), effect.late, effect.too_late.tolist()) == ([True], 1, [False])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=1, max_size=60), st.sampled_from([0.0, 0.5, 1.0]))
def test_newest_forecast_of_each_moment_is_the_last_one_written(arrivals: list[tuple[int, int]], max_missing: float) -> None:
    """In one batch with gaps, the model and the baseline taking turns; nothing superseded is written, every lead is kept."""
    contract = replace(CONTRACT, max_missing=max_missing)
    series, numbers = [row[0] for row in arrivals], sorted(row[1] for row in arrivals)
    readings = Readings.of(series, [10 * number for number in numbers], numbers)
    effect = engine(Counter(contract), leads=Leads((1, 2, 3))).step(readings, now=10 * (numbers[-1] + 2))
    origins = sorted({(int(s), int(o)) for f in effect.forecasts for s, o in zip(f.series, f.origin, strict=True)})
    expected: dict[tuple[int, int], int] = {}
    for owner, origin in origins:
        expected.update({(owner, origin + 10 * step): origin for step in range(3)})
    written = rows(effect, FORECAST)
    assert {(row["series"], row["time"]): row["origin"] for row in written} == expected
    assert len(written) == len(expected)
    assert sorted((row["series"], row["origin"], row["lead"]) for row in rows(effect, FORECAST_LEAD)) == [
        (owner, origin, lead) for owner, origin in origins for lead in (1, 2, 3)
    ]


def test_the_first_forecast_of_a_series_is_whole_even_where_it_comes_later_than_its_first_closing() -> None:
    """A counter has no value yet when its first interval closes; after a restart without a memory all begin again."""
    long, names = Contract(interval=10, window=4, horizon=24), [f"s{number}" for number in range(20)]

    def written(fleet: Engine, number: int) -> set[int]:
        everyone = Readings.of(list(range(20)), [10 * number] * 20, [float(number)] * 20)
        return set(Tally(row["series"] for row in rows(fleet.step(everyone), FORECAST)).values())

    fleet = Engine(seasonal_naive(long), [], SeriesTable(names, lambda _: Meaning("counter")))
    assert [written(fleet, number) for number in range(4)] == [set(), set(), {24}, {5, 24}]
    fleet.restart()
    assert [written(fleet, number) for number in range(4, 8)] == [set(), set(), {24}, {5, 24}]


def test_scores_speak_of_the_interval_that_closed() -> None:
    """A counter is always right: error 0 at every lead, the naive baseline is off by the lead."""
    fleet = engine(leads=Leads((1, 2, 3)))
    found = [fleet.step(count([number])).scores for number in range(8)]
    assert [len(scores) for scores in found] == [0, 0, 1, 2, 3, 3, 3, 3]
    last = found[-1]
    assert sorted(zip(last.target.tolist(), last.lead.tolist(), strict=True)) == [(60, 1), (60, 2), (60, 3)]
    assert not last.absolute_error.any()
    assert sorted(last.baseline_absolute_error.tolist()) == [1, 2, 3]
    assert last.covered.tolist() == [1, 1, 1]
    effect = fleet.step(count([8]))
    (first, *_) = rows(effect, FORECAST_SCORE)
    assert set(first) == {"series", "time", "lead", "error", "absolute_error", "pinball", "covered", "baseline_absolute_error"}


def test_every_field_of_a_score_is_stored_under_its_own_name() -> None:
    """Readings that rise faster than the forecast: the error is negative, its size is not, and no two fields are alike."""
    fleet = engine(leads=Leads((2,)))
    for number in range(5):
        effect = fleet.step(Readings.of([0], [10 * number], [3.0 * number * number]))
    scores, (row,) = effect.scores, rows(effect, FORECAST_SCORE)
    fields = ("error", "absolute_error", "pinball", "covered", "baseline_absolute_error")
    assert {name: row[name] for name in fields} == {name: getattr(scores, name).item() for name in fields}
    assert scores.absolute_error.item() == -scores.error.item() > 0
    assert len({row[name] for name in fields}) == len(fields)


def test_forecaster_gets_its_own_numbers_of_the_series() -> None:
    """In the order of its bundle from 1; 0 where it does not know the series, those that appear later included."""
    forecaster = Counter(ANY)
    fleet = engine(forecaster)
    fleet.step(Readings.of([0, 1, 2, 0, 1, 2], [0, 0, 0, 10, 10, 10], [0] * 6))
    assert forecaster.asked is not None
    assert forecaster.asked.tolist() == [0, 2, 1]
    late = [fleet.series.add("new"), fleet.series.add("also new")]
    fleet.step(Readings.of(late * 2, [20, 20, 30, 30], [0] * 4))
    assert forecaster.asked.tolist() == [0, 0]


def test_too_many_gaps_are_forecast_by_the_baseline_and_named_so() -> None:
    """At most the share of the contract may be missing; a window without any value is not forecast at all."""
    fleet = engine(Counter(replace(CONTRACT, max_missing=0.5)))
    models = [[f.model for f in fleet.step(count([number])).forecasts] for number in (0, 1, 2, 3)]
    assert models == [[], ["last_value"], ["counter"], ["counter"]]
    assert [f.model for f in fleet.step(Readings.empty(), now=65).forecasts] == ["last_value"]
    assert fleet.step(Readings.empty(), now=105).forecasts == []


def test_clock_closes_what_readings_do_not() -> None:
    """The same batch may close intervals by its readings and then by the clock; without a clock nothing more closes."""
    fleet = engine(Counter(ANY))
    effect = fleet.step(count([0, 1]), now=25)
    assert [f.origin.tolist() for f in effect.forecasts] == [[10, 20]]
    assert fleet.step(Readings.empty()).points == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [(BundleError("out of order"), "out of order"), (ValueError("shape"), "shape"), (RuntimeError("kernel"), "kernel"),
     ],
)  # fmt: skip
def test_broken_forecaster_is_named_and_the_baseline_forecasts(fault: Exception | float, words: str) -> None:
    """Nothing of what it said is used, and the batch is stored as ever, in a fleet of one series."""
    fleet = engine(Counter(ANY, fault=fault), ["a"])
    effect = fleet.step(count([0, 1, 2, 3, 4]))
    assert effect.failure == words
    assert [(f.model, len(f)) for f in effect.forecasts] == [("last_value", 4)]
    assert len(rows(effect, READING)) == 5
    assert [row["q50"] for row in rows(effect, FORECAST_LEAD) if row["lead"] == 1] == [0, 1, 2, 3]


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize(("fault", "kind"), [(float("nan"), "not_finite"), (float("inf"), "not_finite"), (-1e6, "crossed")])
def test_a_broken_row_costs_its_own_series_only(fault: float, kind: str, outer: bool) -> None:
    """The baseline forecasts that row, the model the others, and the bundle stays: one row is no proof against it."""
    if kind == "crossed" and not outer:
        return
    effect = engine(Counter(ANY, fault=fault, outer=outer)).step(count([0, 1, 2, 3, 4]))
    assert effect.failure is None
    assert {(f.model, len(f)) for f in effect.forecasts} == {("counter", 3), ("last_value", 1)}
    assert {kind: series.tolist() for kind, series in effect.broken.items()} == {kind: [2]}


def test_one_row_that_raises_costs_only_itself() -> None:
    """The batch is made again row by row."""

    class Picky(Counter):
        def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
            if (windows[:, -1] == 2).any():
                raise BundleError("not this one")
            return super().predict(windows, series, context)

    effect = engine(Picky(ANY)).step(count([0, 1, 2, 3, 4]))
    assert effect.failure is None
    assert {(f.model, len(f)) for f in effect.forecasts} == {("counter", 3), ("last_value", 1)}
    assert list(effect.broken) == ["not_made"]


def test_absurd_values_cost_only_their_own_series() -> None:
    """What no model can take counts as missing, so it cannot make a good forecaster look broken."""
    fleet = engine(Counter(replace(CONTRACT, max_missing=0.75)))
    absurd = Readings.of([1] * 5, [10 * number for number in range(5)], [1e19] * 5)
    effect = fleet.step(Readings.concatenate([count([0, 1, 2, 3, 4]), absurd]))
    assert effect.failure is None
    assert {(f.model, int(s)) for f in effect.forecasts for s in f.series} == {("counter", 2)}
    assert len(rows(effect, READING)) == 10


arrivals = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300)), max_size=8), st.booleans()), min_size=1, max_size=12
)


@given(arrivals, st.integers(0, 12), st.sampled_from([0, 7, 25]), st.sampled_from([1, 2]))
def test_journal_after_a_dump_gives_the_run_that_was_never_interrupted(
    batches: list[tuple[list[tuple[int, int]], bool]], cut: int, lateness: int, refresh: int
) -> None:
    """Dump, replay of the journal through entries as they are stored, and then the same forecasts, scores and rows."""
    leads = Leads(refresh=refresh)
    straight, broken = engine(lateness=lateness, leads=leads), engine(lateness=lateness, leads=leads)
    journal: list[bytes] = []
    parts: list[bytes] = []
    half = cut + (len(batches) - cut) // 2
    latest = 0
    for number, (arrived, by_clock) in enumerate(batches):
        readings = Readings.of([s for s, _ in arrived], [t for _, t in arrived], [float(t) for _, t in arrived])
        latest = max([latest, *(t for _, t in arrived)])
        now = latest + 12 if by_clock else None
        if number == half:  # killed here: a new process reads the snapshot and the journal
            broken = engine(lateness=lateness, leads=leads)
            if parts:
                broken.load(iter(parts))
            for entry in journal:
                broken.replay(Entry.decode(entry))
            broken.settle()
        expected, found = straight.step(readings, now), broken.step(readings, now)
        journal.append(found.entry.encode())
        if number == cut - 1:
            parts, journal = list(broken.dump()), []
        assert equal(found.scores, expected.scores)
        assert str(rows_of(found.points)) == str(rows_of(expected.points))


def rows_of(points: list[Points]) -> list[object]:
    """Everything in points, printable."""
    return [(p.measurement.name, p.series.tolist(), p.time.tolist(), {n: str(c) for n, c in p.fields.items()}) for p in points]


def test_priming_fills_windows_without_forecasts() -> None:
    """History makes no rows; the next interval is forecast from it."""
    forecaster = Counter(replace(CONTRACT, max_missing=0.0))
    fleet = engine(forecaster)
    fill(fleet, [count([0, 1]), count([2, 3])])
    effect = fleet.step(count([4]))
    assert [(f.model, f.origin.tolist()) for f in effect.forecasts] == [("counter", [40])]
    assert len(effect.scores) == 0


def test_a_restarted_engine_knows_nothing_of_before() -> None:
    """No window, no waiting forecast, no repetition: it goes on like a new one, even earlier in time."""
    fleet, new = engine(leads=Leads((1,)), lateness=5), engine(leads=Leads((1,)), lateness=5)
    fleet.step(count(list(range(50, 60))))
    fleet.restart()
    assert fleet.state.reached == 0
    for numbers in ([0, 1, 2], [3, 4, 50]):
        found, expected = fleet.step(count(numbers)), new.step(count(numbers))
        assert str(rows_of(found.points)) == str(rows_of(expected.points))
    assert fleet.state.reached == 490


def test_swap_under_the_same_contract_keeps_windows_and_waiting_forecasts() -> None:
    """The forecasts of the old model are still scored; the new one makes the next."""
    fleet = engine(leads=Leads((1, 3)))
    fleet.step(count([0, 1, 2, 3]))
    assert fleet.swap(Counter(name="second"), ["x"])
    effect = fleet.step(count([4]))
    assert [f.model for f in effect.forecasts] == ["second"]
    assert sorted(effect.scores.lead.tolist()) == [1, 3]


def test_swap_on_the_same_grid_keeps_windows_only() -> None:
    """Another window or horizon: what the series have seen stays as far as it reaches; longer windows need history as well."""
    fleet = engine()
    fleet.step(count(list(range(9))))
    forecaster = Counter(replace(CONTRACT, window=6, horizon=2, max_missing=0.4), "longer")
    assert not fleet.swap(forecaster, ["a"])
    assert fleet.swap(Counter(replace(forecaster.contract, window=5), "shorter"), ["a"])
    assert not fleet.swap(forecaster, ["a"])
    effect = fleet.step(count([9]))
    assert [(f.model, f.values.shape) for f in effect.forecasts] == [("longer", (1, 2, 3))]
    assert len(effect.scores) == 0
    assert fleet.leads == (1, 2)


@pytest.mark.parametrize("change", [{"interval": 20}, {"aggregation": "sum"}])
def test_swap_to_another_grid_empties_the_windows(change: dict[str, object]) -> None:
    """Nothing of the old grid can be used: the caller fills the windows from history."""
    fleet = engine()
    fleet.step(count(list(range(9))))
    assert not fleet.swap(Counter(replace(CONTRACT, **change), "other"), ["a"])  # type: ignore[arg-type] # see above
    assert len(fleet.state) == 0
    assert fleet.step(count([20])).forecasts == []


def test_new_settings_after_a_restart_take_effect_and_break_nothing() -> None:
    """Other leads and another lateness than the journal was written with: windows come back, and the run goes on."""
    old = engine(leads=Leads((1,)))
    parts = list(old.dump())
    entries = [Entry.decode(old.step(count([n]), now=10 * n + 11).entry.encode()) for n in range(6)]
    new = engine(leads=Leads((1, 2)), lateness=300)
    new.load(iter(parts))
    for entry in entries:
        new.replay(entry)
    new.settle()
    assert (new.state.lateness, new.scoring.leads.tolist()) == (300, [1, 2])
    effect = new.step(count([37]))
    assert [f.origin.tolist() for f in effect.forecasts] == [[70]]
    later = [Entry.decode(new.step(count([number])).entry.encode()) for number in (38, 39)]
    # Killed before the next snapshot: a journal written under two settings.
    again = engine(leads=Leads((1, 2)), lateness=300)
    again.load(iter(parts))
    for entry in itertools.chain(entries, later):
        again.replay(entry)
    again.settle()
    assert [f.origin.tolist() for f in again.step(count([70])).forecasts] == [[400]]


def test_entry_of_the_outcome_holds_the_batch() -> None:
    """As it arrived, repetitions included, with one row of kept forecasts per closed window."""
    fleet = engine(leads=Leads((1, 3)))
    readings = count([0, 0, 1, 2])
    effect = fleet.step(readings, now=None)
    assert effect.entry.readings is readings
    assert effect.entry.now is None
    assert effect.entry.forecasts.shape == (2, 2, 4)
    assert effect.entry.forecasts[:, :, 3].tolist() == [[0, 0], [1, 1]]


def test_baseline_is_a_forecaster_like_any_other() -> None:
    """Its forecasts are no failure; it has no interval, and its newest rows leave none of an earlier model standing."""
    fleet = Engine(Baseline("last_value", ANY), [], SeriesTable(["a"]))
    effect = fleet.step(count([0, 1, 2], series=0))
    assert (effect.failure, [f.model for f in effect.forecasts]) == (None, ["last_value"])
    assert [row["q50"] for row in rows(effect, FORECAST_LEAD) if row["lead"] == 1] == [0, 1]
    assert np.isnan([float(str(row["q10"])) for row in rows(effect, FORECAST_LEAD)]).all()
    assert [(row["q10"], row["q90"]) for row in rows(effect, FORECAST)] == [(row["q50"],) * 2 for row in rows(effect, FORECAST)]
