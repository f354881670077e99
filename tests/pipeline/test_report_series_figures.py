"""The figures of a series in a report are those of the evaluations, by its name."""

import numpy as np

from edge.contract.meaning import Meaning
from edge.contract.times import SECOND
from pipeline.history.checks import SeriesReport
from pipeline.report.page import DASH
from pipeline.report.series_figures import Errors, Known, history_lines, series_figures, unit_of

HOUR = 3600 * SECOND
REPLAY = Errors("replay", ("a", "b"), ("GRU", "last_value"), np.array([[1.0, 2.0], [3.0, 4.0]]))
HELD_OUT = Errors("held-out part", ("b", "c"), ("GRU", "last_value", "mean_of_3_days"), np.array([[5.0, 6], [7, 8], [9, 10]]))


def reported(problem: str | None = None) -> SeriesReport:
    """A series with every kind of trouble."""
    return SeriesReport("a", 0, 48 * HOUR, 40, 49, 0.25, 1, 5 * HOUR, 1, 2, 0, 3, 1, 0, problem)


def test_every_figure_stands_in_the_row_of_its_forecaster_and_the_column_of_its_time() -> None:
    """Series are matched by name; one that is not in both has a dash."""
    shown = series_figures((REPLAY, HELD_OUT), [0.25, -0.1], Known(HOUR, {"a": Meaning(unit="°C")}, {}, {"a": reported()}))
    assert [(each.name, each.unit, each.error, each.skill) for each in shown] == [("a", "°C", 1.0, 0.25), ("b", "", 2.0, -0.1)]
    assert shown[0].grid.headers == ("forecaster", "replay", "held-out part")
    assert shown[0].grid.rows == (("GRU", "1.00", DASH), ("last value", "3.00", DASH), ("mean of 3 days", DASH, DASH))
    assert shown[1].grid.rows == (("GRU", "2.00", "5.00"), ("last value", "4.00", "7.00"), ("mean of 3 days", DASH, "9.00"))
    assert shown[1].lines == ("It has no history.",)


def test_a_unit_is_what_the_rules_say() -> None:
    """A counter is told per interval; where nobody named a unit there is none."""
    meanings = (Meaning(), Meaning(unit="°C"), Meaning("counter", unit="kWh"), Meaning("counter"))
    assert [unit_of(meaning, HOUR) for meaning in meanings] == ["", "°C", "kWh per 1h", "added per 1h"]


def test_the_history_of_a_series_is_told_in_sentences() -> None:
    """What there is, and only what there is."""
    span = "1970-01-01T00:00:00Z to 1970-01-03T00:00:00Z"
    assert history_lines(reported("it never changes"), HOUR) == (
        f"History: 40 readings from {span}; 25.0 % of its intervals are missing in 1 gap, the longest 5h.",
        "1 reading at a time that another one has too.",
        "2 readings out of order.",
        "1 interval far from all others, left out.",
        "The longest time without a change is 3h.",
        "Left out of the training: it never changes.",
    )
