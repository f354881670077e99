"""The benchmark's protocol on generated sets: parts, units, every window, short histories, windows of GIFT-Eval."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import accuracy_gift
import accuracy_short
import accuracy_whole
import numpy as np
import pytest
from accuracy_methods import Recipe, all_baselines, judging, peer_contracts, plain
from accuracy_rows import Gift, Rowbook, Short, Whole, read_rows
from accuracy_sets import GIFT_LEVELS, cuts, gift_origins, history, load, parted, prepared, read_set
from accuracy_tables import chosen, newest, tables

from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet, Train
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.forecaster.baselines import BASELINES, baseline
from pipeline.history.table import Table
from pipeline.judging.contender import contender

FOLDER = Path(__file__).parents[2] / "benchmarks"
HOUR = 3600 * SECOND
DAYS = 60


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script with these arguments."""
    command = [sys.executable, str(FOLDER / script), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def hours(count: int, start: int = 0) -> Table:
    """A daily sine with a slow one under it, and a line, hourly."""
    hour = np.arange(count)
    waves = np.sin(hour * np.pi / 12) + np.sin(hour / 50)
    return Table(("sine", "line"), start * HOUR, HOUR, np.stack([waves, hour.astype(float)]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty days of hours: a daily sine, and a line, so that the value a day ago is behind by 24."""
    folder = tmp_path_factory.mktemp("sets")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = ["date,sine,line"]
    lines += [
        f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M:%S},{np.sin(hour * np.pi / 12)},{hour}" for hour in range(DAYS * 24)
    ]
    (folder / "Days.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_errors_are_in_units_of_the_training_spread(folder: Path) -> None:
    """A day ago is right for the sine and 24 hours behind on the line; every window of the test part counts."""
    file = folder / "rows.jsonl"
    found = run(
        "accuracy.py", "--data", str(folder), "--sets", "Days", "--horizons", "6",
        "--methods", "baselines", "ridge", "--json", str(file),
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    rows = {row["method"]: row for row in map(json.loads, file.read_text().splitlines()) if row["window"] != 672}
    assert rows.keys() == {*BASELINES, "ridge"}
    spread = np.arange(0.6 * DAYS * 24).std()
    day = rows["seasonal_naive_day"]
    assert day["mae"] == pytest.approx(12 / spread, rel=1e-3)
    assert day["mse"] == pytest.approx(24**2 / spread**2 / 2, rel=1e-3)
    assert day["facts"] == 2 * 6 * (0.2 * DAYS * 24 - 6 + 1)
    assert rows["ridge"]["mae"] < 0.2 * day["mae"]
    assert {"kind", "commit", "load", "runtime", "seconds", "at"} <= rows["ridge"].keys()
    assert "| Days | 6 | ridge, window " in found.stdout
    told = run("accuracy_tables.py", str(file))
    assert (told.returncode, told.stdout) == (0, found.stdout)


def test_a_missing_set_is_one_line(folder: Path) -> None:
    """It says what is missing and where it comes from, or that a folder has to be named."""
    found = run("accuracy.py", "--data", str(folder), "--sets", "ETTm1")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert "has no ETTm1.csv, .csv.xz or .csv.gz; get it from https://github.com/zhouhaoyi/ETDataset" in found.stderr
    with pytest.raises(SystemExit, match="name the folder of its file with --data"):
        load(None, "ETTm1")


def test_ett_has_its_published_parts_and_others_shares(folder: Path) -> None:
    """12, 4 and 4 months of 30 days, and .6, .2 and .2."""
    months = parted("ETTh1", hours(20 * 30 * 24 + 500)).split
    assert [len(part) for part in (months.training, months.validation, months.held_out)] == [8640, 2880, 2880]
    shares = load(folder, "Days").split
    assert [len(part) for part in (shares.training, shares.validation, shares.held_out)] == [864, 288, 288]


def test_a_set_can_have_longer_intervals(folder: Path) -> None:
    """Means of them, or sums as for the hourly set of GIFT-Eval."""
    mean, total = read_set(folder, "Days@3h"), read_set(folder, "Days@3h", "sum")
    assert mean.interval == 3 * HOUR
    assert mean.values[1, :3].tolist() == [1, 4, 7]
    assert total.values[1, :3].tolist() == [3, 12, 21]


def test_a_set_can_have_shorter_intervals(folder: Path) -> None:
    """Straight lines between the middles, with the noise of a sensor; a word chooses series."""
    table = read_set(folder, "Days:line@15min")
    assert (len(table.names), table.interval) == (1, HOUR // 4)
    hourly = read_set(folder, "Days:line").values[0]
    middles = (np.arange(4 * len(hourly)) + 0.5) / 4 - 0.5
    noise = table.values[0] - np.interp(middles, np.arange(len(hourly)), hourly)
    assert noise.std() == pytest.approx(0.02 * hourly.std(), rel=0.05)
    assert np.array_equal(table.values, read_set(folder, "Days:line@15min").values)
    with pytest.raises(SystemExit, match="has 'cosine' in its name; there are sine, line"):
        read_set(folder, "Days:cosine")


def test_without_options_every_setting_is_the_product_s() -> None:
    """The contract of a fleet without settings but the horizon; all cells; nothing that the script chooses by itself."""
    data = parted("Days", hours(1440))
    contract = accuracy_whole.contract_of(data, 96, Recipe())
    assert contract == contract_at(Fleet(horizon=96), HOUR)
    assert accuracy_whole.contract_of(data, 96, Recipe(window=48)).window == 48
    assert Recipe().train == Train()
    assert prepared(data, contract).split == data.split
    assert Recipe().with_seed(4).train.seed == 4


def test_every_baseline_takes_part_at_every_interval() -> None:
    """A week of five minutes is more than a window may have, and the weekly baseline is there all the same.

    Peers see the past that the product sees, or a window that is asked for.
    """
    contract = contract_at(Fleet(horizon=96), 300 * SECOND)
    assert [each.name for each in all_baselines(contract)] == list(BASELINES)
    assert plain(contract).window == 2016
    assert judging(contract).window == 720
    assert [each.window for each in peer_contracts(contract, None)] == [720]
    fast = contract_at(Fleet(horizon=96), 60 * SECOND)
    assert fast.coarse
    assert peer_contracts(fast, None) == [fast]
    assert [each.window for each in peer_contracts(contract_at(Fleet(), HOUR), None)] == [168, 672]
    assert [each.window for each in peer_contracts(contract, 100)] == [100]


def test_short_histories_of_all_lengths_end_at_the_same_moments() -> None:
    """So all are judged on the same four weeks, which begin where the history ends; none reaches beyond the set."""
    week, table = 168, hours(30 * 168)
    found = cuts("Days", table, [2, 8], 3)
    moments = [cut.table.start + cut.begin * HOUR for cut in found]
    assert moments[:3] == moments[3:]
    assert len(set(moments)) == 3
    assert all(moment % DAY == 0 for moment in moments)
    assert [cut.begin for cut in found] == [2 * week] * 3 + [8 * week] * 3
    for cut in found:
        assert len(cut.live) == 4 * week
        first = cut.table.start // HOUR  # the line counts the hours
        assert cut.table.values[1].tolist() == list(range(first, first + cut.table.values.shape[1]))
    with pytest.raises(SystemExit, match="too short"):
        cuts("Days", hours(11 * 168), [2], 3)


def test_nothing_after_a_short_history_reaches_its_training() -> None:
    """The prepared history ends where the live weeks begin."""
    cut = cuts("Days", hours(30 * 168), [2], 1)[0]
    ready = history(cut.table, cut.begin, contract_at(Fleet(), HOUR))
    assert ready.table.end == cut.table.start + cut.begin * HOUR
    assert ready.split.held_out.stop == cut.begin
    assert np.array_equal(ready.table.values, cut.table.values[:, : cut.begin])


def test_skill_is_a_geometric_mean_over_the_series() -> None:
    """Half the error on one series and twice on another are no skill; what was not judged does not count."""
    assert accuracy_short.geometric_skill(np.array([0.5, -1.0, np.nan])) == pytest.approx(0.0)
    assert accuracy_short.geometric_skill(np.array([0.19])) == pytest.approx(0.19)
    assert accuracy_short.geometric_skill(np.array([1.0])) == pytest.approx(0.99)
    assert accuracy_short.geometric_skill(np.array([np.nan])) is None


def test_live_skill_is_against_the_best_baseline_in_hindsight() -> None:
    """On the line the last value is behind by the lead, all others by a day or more: by hand 2.5 against 24 hours."""
    table = hours(30 * 168)
    cut = cuts("Days", table, [2], 1)[0]
    ready = history(cut.table, cut.begin, Contract(HOUR, 168, 4))
    day = baseline("seasonal_naive_day", plain(ready.contract))
    assert day is not None
    found = accuracy_short.live({"mine": contender(day, table.names)}, cut, ready)
    assert found["mine"]["facts"] == 2 * 4 * (4 * 168 - 4 + 1)
    assert found["last_value"]["skills"]["line"] == pytest.approx(0.0)
    assert found["mine"]["skills"]["line"] == pytest.approx(1 - 24 / 2.5)
    assert found["mine"] == found["seasonal_naive_day"]


def test_windows_of_gift_eval_are_the_last_ones_and_do_not_overlap() -> None:
    """Twenty of 48 intervals, one after the other, to the end; the history ends before the first."""
    table = hours(60 * 24)
    origins = gift_origins(table)
    assert origins == list(range(60 * 24 - 960, 60 * 24, 48))
    ready = accuracy_gift._asked(table, "ett1/H", Recipe())
    assert ready.table.end == table.start + origins[0] * HOUR
    assert (ready.contract.horizon, ready.contract.quantiles, ready.contract.aggregation) == (48, GIFT_LEVELS, "sum")


def test_figures_of_gift_eval_by_hand() -> None:
    """A line: a day ago is behind by 24 at every lead, and so is the naive error before the window."""
    count = 60 * 24
    line = Table(("line",), 0, HOUR, np.arange(count, dtype=float)[None])
    contract = Contract(HOUR, 168, 48, GIFT_LEVELS)
    naive, last = baseline("seasonal_naive_day", contract), baseline("last_value", contract)
    assert naive is not None
    assert last is not None
    found = accuracy_gift.judged(contender(naive, line.names), line, contract)
    facts = np.arange(count - 960, count)
    errors = np.where(np.arange(960) % 48 < 24, 24, 48)  # the day before the window stands for both of its days
    assert found["mase"] == pytest.approx(errors.mean() / 24)
    assert found["weighted_quantile_loss"] == pytest.approx(errors.sum() / facts.sum())
    assert found["windows"] == 20
    lead = accuracy_gift.judged(contender(last, line.names), line, contract)
    assert lead["mase"] == pytest.approx(np.arange(1, 49).mean() / 24)


def whole(**fields: object) -> Whole:
    """A row of a whole set."""
    usual = {"set": "Days", "horizon": 6, "mse": 0.2, "mae": 0.1, "weighted_quantile_loss": None, "coverage": None, "facts": 9}
    return Whole(**(usual | fields))  # type: ignore[arg-type]


def test_rows_are_appended_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    """A second run goes on in the same file; what the first one had begun to write costs itself only."""
    path = tmp_path / "rows.jsonl"
    for method in ("ridge", "gatecast"):
        Rowbook(path).add(whole(method=method))
    gift = Gift(set="ett1/H", horizon=48, method="ridge", weighted_quantile_loss=0.2, mase=0.9, windows=20)
    short = Short(set="Days", horizon=24, method="gate", weeks=2, live="x", skill=None, skills={}, coverage=0.8, facts=9)
    for row in (gift, short):
        Rowbook(path).add(row)
    path.write_bytes(path.read_bytes() + b'{"kind":"whole","se')
    found = read_rows([path])
    assert [(type(row), row.method) for row in found] == [
        (Whole, "ridge"), (Whole, "gatecast"), (Gift, "ridge"), (Short, "gate"),
    ]  # fmt: skip
    assert all(row.at and row.runtime for row in found)


def test_the_later_of_two_equal_questions_counts() -> None:
    """Another seed or another window of a peer is another question."""
    rows = [
        whole(method="ridge", window=168, mae=0.3), whole(method="ridge", window=672), whole(method="gatecast", seed=0),
        whole(method="gatecast", seed=1), whole(method="ridge", window=168, mae=0.2),
        whole(method="gatecast", seed=0, window=5),
    ]  # fmt: skip
    found = [(row.method, row.seed, row.window, row.mae) for row in newest(rows) if isinstance(row, Whole)]
    assert found == [("ridge", None, 168, 0.2), ("ridge", None, 672, 0.1), ("gatecast", 0, 5, 0.1), ("gatecast", 1, None, 0.1)]


def test_tables_show_what_the_validation_part_would_choose() -> None:
    """Of the cells for each seed, of the windows of a peer; never by the test part, where the other one is better here."""
    rows = [
        whole(method="gatecast", cell="gru", seed=0, validation=0.4, mae=0.5),
        whole(method="gatecast", cell="lstm", seed=0, validation=0.5, mae=0.3),
        whole(method="gatecast", cell="gru", seed=1, validation=0.6, mae=0.3),
        whole(method="gatecast", cell="lstm", seed=1, validation=0.5, mae=0.6),
        whole(method="ridge", window=168, validation=0.3, mae=0.5),
        whole(method="ridge", window=672, validation=0.4, mae=0.1),
        whole(method="last_value", mae=0.7),
        whole(method="seasonal_naive_day", mae=0.6),
    ]
    assert [row.cell for row in chosen(row for row in rows if row.cell)] == ["gru", "lstm"]
    text = tables(rows)
    assert "| Days | 6 | 0.200 / 0.550 | 0.200 / 0.500 | - | 0.200 / 0.600 (seasonal_naive_day) | - | +10.0% |" in text
    assert "| Days | 6 | ridge, window 168 | - | 0.2000 | 0.5000 |" in text
    assert "| Days | 6 | gatecast, the cell that `retrain` chooses | 2 | 0.2000 ± 0.0000 | 0.5500 ± 0.0707 |" in text


def test_published_figures_stand_beside_ours_and_say_so() -> None:
    """In the table of their set and horizon only."""
    text = tables([whole(set="ETTm1", horizon=96, method="gatecast", cell="gru", seed=0)])
    assert "| ETTm1 | 96 | DUET (published) | - | 0.279 | 0.333 |" in text
    assert "0.279 / 0.333 (DUET)" in text
    assert "published)" not in tables([whole(set="ETTm1", horizon=192, method="gatecast")])


def test_a_network_and_what_the_gate_lets_out_are_judged_live() -> None:
    """Two rows of one training: the candidate, and the bundle that goes out, which may be the same."""
    cut = cuts("Days", hours(20 * 168), [2], 1)[0]
    recipe = Recipe(Train(cells=("simplernn",), units=8, epochs=1, precisions=("float32",)))
    network, gate = accuracy_short.network_rows(cut, 6, recipe)
    assert (network.method, gate.method, network.cell, network.weeks) == ("network", "gate", "simplernn", 2)
    assert network.facts == gate.facts == 2 * 6 * (4 * 168 - 6 + 1)
    assert network.skill is not None
    assert network.coverage is not None
    assert gate.forecaster in {"network", *BASELINES}
    if gate.forecaster == "network":
        assert gate.skills == network.skills
