"""What forecasts say to a rule: by hand for each condition."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge.alerts.crossing import NEVER
from edge.alerts.reading import Chosen, reader_of, rounds
from edge.alerts.rule import AlertRule
from edge.alerts.standing import Said
from edge.contract.columns import Facts, Forecasts
from edge.contract.contract import Contract

CONTRACT = Contract(interval=10, window=6, horizon=3)
NEVERS = [NEVER, NEVER, NEVER]


def forecasts(
    medians: Sequence[Sequence[float]], facts: Sequence[float], origins: Sequence[int], series: Sequence[int] | None = None
) -> Forecasts:
    """Forecasts with quantiles one below and one above their medians."""
    middle = np.asarray(medians, np.float64)
    known = np.asarray(facts, np.float64)
    owners = np.arange(len(middle)) if series is None else np.asarray(series)
    values = np.stack([middle - 1, middle, middle + 1], axis=2)
    return Forecasts(
        owners.astype(np.int32), np.asarray(origins), values, "m", Facts(known, known, known, np.zeros(len(known), np.int64))
    )


def read(rule: AlertRule, made: Forecasts, raised: Sequence[bool] | None = None) -> Said:
    """What they say."""
    known = np.zeros(int(made.series.max()) + 1, bool) if raised is None else np.asarray(raised)
    return reader_of(rule).read([Chosen(made, np.arange(len(made)))], CONTRACT, known)


def test_above_and_below_by_hand() -> None:
    """The median of the second lead lies half a unit beyond 2.5: a probability of 0.5 + 0.4 / 2, with the time of that lead."""
    made = forecasts([[2.0, 3.0, 2.0], [-2.0, -3.0, -2.0]], [0.0, 0.0], [100, 100])
    up, down = (read(rule, made) for rule in (AlertRule(name="a", above=2.5), AlertRule(name="a", below=-2.5)))
    assert up.probability.tolist() == pytest.approx([0.7, 0.0])
    assert down.probability.tolist() == pytest.approx([0.0, 0.7])
    assert up.crossing.tolist() == [[110, 100, NEVER], NEVERS]
    assert down.crossing.tolist() == [NEVERS, [110, 100, NEVER]]


def test_only_leads_within_the_time_count() -> None:
    """The third one has the crossing, which 20 ns do not reach."""
    made = forecasts([[0.0, 0.0, 9.0]], [0.0], [100])
    assert read(AlertRule(name="a", above=5, within="20ns"), made).probability.tolist() == [0.0]
    assert read(AlertRule(name="a", above=5, within="30ns"), made).probability.tolist() == pytest.approx([1.0], abs=1e-3)


def test_series_that_is_raised_has_its_probability_however_small() -> None:
    """Others are left out where the outermost quantile is on this side."""
    made = forecasts([[0.0, 0.0, 0.0]], [0.0], [100])
    rule = AlertRule(name="a", above=2)
    assert read(rule, made).probability.tolist() == [0.0]
    assert read(rule, made, [True]).probability.tolist() == pytest.approx([0.02])


def test_rises_and_falls_count_from_the_newest_value() -> None:
    """Without one there is no probability."""
    made = forecasts([[7.0, 7.0, 7.0], [7.0, 7.0, 7.0], [7.0, 7.0, 7.0]], [4.0, 10.0, np.nan], [100, 100, 100])
    up, down = (read(rule, made) for rule in (AlertRule(name="a", rises_by=3), AlertRule(name="a", falls_by=3)))
    assert up.probability.tolist() == pytest.approx([0.5, 0.0, np.nan], nan_ok=True)
    assert down.probability.tolist() == pytest.approx([0.0, 0.5, np.nan], nan_ok=True)
    assert not up.beyond.any()


def test_value_that_is_beyond_has_no_time_of_crossing() -> None:
    """It has crossed."""
    said = read(AlertRule(name="a", above=2.5), forecasts([[3.0, 3.0, 3.0]], [2.6], [100]))
    assert said.beyond.tolist() == [True]
    assert said.crossing.tolist() == [NEVERS]
    assert said.probability.tolist() == pytest.approx([0.7])


def test_missing_quantiles_and_facts_give_no_number() -> None:
    """Nor does a forecast whose facts nobody asked for."""
    made = forecasts([[np.nan] * 3], [np.nan], [100])
    said = read(AlertRule(name="a", above=2.5), made)
    assert np.isnan(said.probability).all()
    assert not said.beyond.any()
    assert not read(AlertRule(name="a", above=2.5), replace(made, facts=None)).beyond.any()


def test_median_alone_is_read_as_yes_or_no() -> None:
    """Of a baseline of such a contract."""
    made = Forecasts(np.zeros(1, np.int32), np.asarray([100]), np.asarray([[[1.0], [3.0], [1.0]]]), "m")
    contract = replace(CONTRACT, quantiles=(0.5,))
    said = reader_of(AlertRule(name="a", above=2)).read([Chosen(made, np.arange(1))], contract, np.zeros(1, bool))
    assert said.probability.tolist() == [1.0]
    assert said.crossing.tolist() == [[110, 110, 110]]


def test_rounds_go_by_time_and_hold_each_series_once() -> None:
    """The rows of the first round are the oldest ones."""
    series, origin = np.asarray([1, 0, 1, 1], np.int32), np.asarray([30, 10, 10, 20])
    assert [rows.tolist() for rows in rounds(series, origin)] == [[1, 2], [3], [0]]
    assert list(rounds(series[:0], origin[:0])) == []


def test_leaving_is_the_share_of_the_readings_outside_of_their_interval() -> None:
    """Each reading is compared with the forecast of one interval before; a gap counts neither way."""
    reader = reader_of(AlertRule(name="a", leaves="80 %", within="30ns"))
    shares: list[float] = []
    outside: list[bool] = []
    for origin, fact in ((100, 0.0), (110, 0.0), (120, 1.5), (130, 1.5), (140, np.nan), (150, -2.0), (180, 9.0), (190, 9.0)):
        made = forecasts([[0.0, 0.0, 0.0]], [fact], [origin])
        said = reader.read([Chosen(made, np.arange(1))], CONTRACT, np.zeros(1, bool))
        shares += said.probability.tolist()
        outside += said.beyond.tolist()
    # nothing; 0 of 1 is too few; 1 of 2; 2 of 3; 2 of 2; 2 of 2; three later nothing is known; 1 of 1 is too few
    assert shares == pytest.approx([np.nan, np.nan, 0.5, 2 / 3, 1.0, 1.0, np.nan, np.nan], nan_ok=True)
    assert outside == [False, False, True, True, False, True, False, True]


def test_leaving_takes_several_origins_of_a_series_in_their_order() -> None:
    """As they come after a pause of the network."""
    reader = reader_of(AlertRule(name="a", leaves="80 %", within="20ns"))
    made = forecasts([[0.0] * 3] * 3, [5.0, 5.0, 0.0], [120, 110, 100], [0, 0, 0])
    said = reader.read([Chosen(made, np.arange(3))], CONTRACT, np.zeros(1, bool))
    assert said.probability.tolist() == pytest.approx([1.0, 1.0, np.nan], nan_ok=True)


def test_leaving_looks_at_each_series_by_itself() -> None:
    """One without readings has no share, however many the other one has."""
    reader = reader_of(AlertRule(name="a", leaves="80 %", within="30ns"))
    for origin in (100, 110, 120, 130):
        made = forecasts([[0.0] * 3] * 2, [5.0, np.nan], [origin, origin])
        said = reader.read([Chosen(made, np.arange(2))], CONTRACT, np.zeros(2, bool))
    assert said.probability.tolist() == pytest.approx([1.0, np.nan], nan_ok=True)
    assert said.crossing.tolist() == [NEVERS, NEVERS]


def test_what_is_beyond_already_has_its_value_and_its_time() -> None:
    """In its own sign: a newest value that is two intervals old; one that another value of the step exceeds; none."""
    made = forecasts([[0.0] * 3] * 4, [0.0] * 4, [100, 100, 100, 100])
    newest, lowest, highest = (
        np.asarray([7.0, 7.0, 3.0, 4.0]),
        np.asarray([7.0, 3.0, 3.0, 4.0]),
        np.asarray([7.0, 8.0, 9.0, 4.0]),
    )
    made = replace(made, facts=Facts(newest, lowest, highest, np.asarray([0, 2, 0, 0])))
    said = read(AlertRule(name="a", above=5), made)
    assert said.beyond.tolist() == [True, True, True, False]
    assert said.value.tolist() == pytest.approx([7.0, 7.0, 9.0, np.nan], nan_ok=True)
    assert said.measured.tolist() == [90, 70, NEVER, NEVER]
    said = read(AlertRule(name="a", below=3.5), made)
    assert said.value.tolist() == pytest.approx([np.nan, 3.0, 3.0, np.nan], nan_ok=True)
    assert said.measured.tolist() == [NEVER, NEVER, 90, NEVER]
