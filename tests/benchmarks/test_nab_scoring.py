"""The scoring of the Numenta Anomaly Benchmark, by hand."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from nab_scoring import Series, load, published, score, worth

from edge.contract.columns import Float64

HOUR = 3_600_000_000_000


def series(rows: int, *windows: tuple[int, int]) -> Series:
    """Hourly rows."""
    return Series(np.arange(rows) * HOUR, np.zeros(rows), list(windows))


def alarms(rows: int, *at: int) -> Float64:
    """1 at some rows."""
    scores = np.zeros(rows)
    scores[list(at)] = 1.0
    return scores


def test_nothing_said_is_0_and_the_first_row_of_each_window_is_100() -> None:
    """Whatever lies in between."""
    corpus = {"a": series(100, (40, 49), (80, 89))}
    assert score(corpus, {"a": alarms(100)}, threshold=1.0).score == 0.0
    perfect = score(corpus, {"a": alarms(100, 40, 80)})
    assert (perfect.score, perfect.hits, perfect.windows, perfect.false_rows) == (100.0, 2, 2, 0)


def test_later_rows_of_a_window_earn_less_and_only_the_best_counts() -> None:
    """The last of ten rows is a tenth of the window before its end."""
    corpus = {"a": series(100, (40, 49))}
    last = (2 / (1 + math.exp(-0.5)) - 1) / (2 / (1 + math.exp(-5)) - 1)
    assert score(corpus, {"a": alarms(100, 49)}, threshold=1.0).score == pytest.approx(50 * (1 + last))
    assert score(corpus, {"a": alarms(100, 40, 44, 49)}, threshold=1.0).score == 100.0


def test_false_alarm_costs_all_far_from_a_window_and_less_close_behind_it() -> None:
    """One row behind ten rows, a ninth of the window's length away."""
    value, owner, _ = worth(100, [(40, 49)])
    assert value[10] == value[99] == -0.11
    assert value[50] == pytest.approx(0.11 * (2 / (1 + math.exp(5 / 9)) - 1))
    assert owner[[39, 40, 49, 50]].tolist() == [-1, 0, 0, -1]
    corpus = {"a": series(100, (40, 49))}
    assert score(corpus, {"a": alarms(100, 40, 20)}, threshold=1.0).score == pytest.approx(100 - 50 * 0.11)


def test_first_rows_do_not_count() -> None:
    """15 % of 100 rows; 750 of a long file."""
    assert np.flatnonzero(worth(100, [])[2])[0] == 15
    assert np.flatnonzero(worth(20_000, [])[2])[0] == 750


def test_one_threshold_holds_for_all_files() -> None:
    """The score of 0.5 is needed for the window of b, and costs a false alarm in a."""
    first, second = alarms(100, 40), alarms(100, 80) * 0.5
    first[20] = 0.5
    corpus = {"a": series(100, (40, 49)), "b": series(100, (80, 89))}
    best = score(corpus, {"a": first, "b": second})
    assert (best.threshold, best.hits, best.false_rows) == (0.5, 2, 1)
    assert best.score == pytest.approx(100 - 25 * 0.11)


def test_files_of_the_benchmark_are_read(tmp_path: Path) -> None:
    """Rows, labelled windows, and the published scores of a detector."""
    for folder in ("labels", "data/x", "results/d/x"):
        (tmp_path / folder).mkdir(parents=True)
    times = [f"2014-01-01 {hour:02}:00:00" for hour in range(10)]
    (tmp_path / "labels" / "combined_windows.json").write_text(
        json.dumps({"x/f.csv": [["2014-01-01 03:00:00.000000", "2014-01-01 05:00:00.000000"]]})
    )
    for name, column in (("data/x/f.csv", "value"), ("results/d/x/d_f.csv", "anomaly_score")):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([["timestamp", column], *([time, number] for number, time in enumerate(times))])
    corpus = load(tmp_path)
    assert corpus["x/f.csv"].windows == [(3, 5)]
    assert corpus["x/f.csv"].value.tolist() == [float(number) for number in range(10)]
    assert published(tmp_path, "d", corpus)["x/f.csv"].tolist() == [float(number) for number in range(10)]
