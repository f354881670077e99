"""The search for settings: it goes on where it stopped, ends hopeless trials, and never sees what it is judged on."""

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pipeline.training.tuning
from edge.config import Fleet, Train
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import BundleError, ConfigurationError, HistoryError
from pipeline.history.prepared import Prepared, prepare
from pipeline.training.architecture import architectures
from pipeline.training.settings import Progress, Settings
from pipeline.training.tuning import (
    Best,
    Proposal,
    Report,
    Space,
    attempt_on,
    common_samples,
    open_study,
    search,
    space_of,
    tune,
)
from pipeline.training.worker import Request, Result, train_candidate

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
TRAIN = Train(cells=("simplernn",), units=4, epochs=1, budget=0.1)
FIRST = Proposal(24, 1, 64, 2e-3, 0.1)
SPACE = Space(FIRST, (12, 24, 48), (1, 2, 4), (32, 64, 128))


def prepared(spike: float = 0.0, window: int = 21, hours: int = 400) -> Prepared:
    """Two series of sines with a gap; the spike is added to the last 20 hours, which are held out."""
    values = np.sin(np.arange(hours) / 3) * np.array([[1.0], [10.0]]) + np.random.default_rng(1).normal(0, 0.05, (2, hours))
    values[:, -20:] += spike
    known = np.ones(hours, bool)
    known[340:358] = False
    times = START + HOUR * np.arange(hours)[known]
    series = np.repeat(np.arange(2, dtype=np.int32), known.sum())
    readings = Readings(series, np.tile(times, 2), values[:, known].ravel())
    return prepare(SeriesTable(["a", "b"]), readings, Contract(HOUR, window, 7))


def quick(proposal: Proposal, report: Report) -> float:
    """A trial that is best with 128 units and a high learning rate."""
    loss = 100 / proposal.units - proposal.learning_rate
    report(1, loss)
    return loss


def watched(seen: list[Proposal]) -> Callable[[Proposal, Report], float]:
    """A quick trial that leaves its proposal in the list."""

    def attempt(proposal: Proposal, report: Report) -> float:
        seen.append(proposal)
        return quick(proposal, report)

    return attempt


def run(path: Path, trials: int, attempt: Callable[[Proposal, Report], float] = quick) -> tuple[Best, list[str]]:
    """A search from the beginning or from where the file ends, and what it says."""
    said: list[str] = []
    with open_study(path / "tuning.db", "name", 0) as study:
        return search(study, SPACE, attempt, trials, said.append), said


def test_the_best_trial_wins_and_the_first_is_what_would_be_taken_anyway(tmp_path: Path) -> None:
    """The result is the proposal with the least loss of all; every trial has its line with the best one so far."""
    seen: list[Proposal] = []
    best, said = run(tmp_path, 12, watched(seen))
    losses = [100 / one.units - one.learning_rate for one in seen]
    assert seen[0] == FIRST
    assert best == Best(seen[int(np.argmin(losses))], min(losses), int(np.argmin(losses)) + 1)
    assert len(said) == 12
    assert said[0] == (
        "  trial 1 of 12: window 24, segment as usual, units 64, learning rate 0.002, dropout 0.10: loss 1.5605, best 1.5605"
    )
    assert said[-1].endswith(f"best {min(losses):.4f}")


def test_a_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Interrupted in the fourth trial, it keeps three; no trial is done twice, and a third run has nothing left to do."""
    seen: list[Proposal] = []

    def interrupted(proposal: Proposal, report: Report) -> float:
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(proposal)
        return quick(proposal, report)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 8, interrupted)
    best, said = run(tmp_path, 8, watched(seen))
    assert len(set(seen)) == len(seen) == 8
    assert said[0] == "  3 trials of an earlier search on this history are kept"
    assert said[1].startswith("  trial 4 of 8: ")

    def never(proposal: Proposal, report: Report) -> float:
        raise AssertionError(proposal, report)

    assert run(tmp_path, 8, never)[0] == best
    assert best.loss == min(100 / one.units - one.learning_rate for one in seen)


def test_a_search_that_stopped_in_its_first_trial_begins_with_it(tmp_path: Path) -> None:
    """What would be taken without a search is tried, however often the search was interrupted."""

    def interrupted(proposal: Proposal, report: Report) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 1, interrupted)
    assert run(tmp_path, 1)[0].proposal == FIRST


def test_a_hopeless_trial_is_pruned_and_not_done_again(tmp_path: Path) -> None:
    """After four complete trials one that is far worse in its second epoch ends there; it counts as done."""
    count = 0

    def sixth_is_hopeless(proposal: Proposal, report: Report) -> float:
        nonlocal count
        count += 1
        for epoch in (1, 2, 3):
            report(epoch, 100.0 if count == 6 else 1.0 + epoch / 10)
        assert count != 6, "it was not pruned"
        return 1.3

    best, said = run(tmp_path, 6, sixth_is_hopeless)
    assert best.loss == 1.3
    assert said[-1].endswith(": ended after epoch 2 with loss 100.0000, best 1.3000")
    run(tmp_path, 6, sixth_is_hopeless)
    assert count == 6


def test_a_trial_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    """Its line says why; where every trial fails, so does the search, with the last reason."""

    def fails(proposal: Proposal, report: Report) -> float:
        if proposal == FIRST:
            raise BundleError("too wide")
        return quick(proposal, report)

    best, said = run(tmp_path, 3, fails)
    assert best.proposal != FIRST
    assert said[0].endswith("failed: too wide")

    def always(proposal: Proposal, report: Report) -> float:
        raise HistoryError("no finite loss")

    (tmp_path / "other").mkdir()
    with pytest.raises(HistoryError, match="no trial of the search could be completed; the last one: no finite loss"):
        run(tmp_path / "other", 2, always)


def test_a_file_that_is_no_study_is_named(tmp_path: Path) -> None:
    """A damaged file stops the search with one line that says what to do."""
    (tmp_path / "tuning.db").write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    with pytest.raises(ConfigurationError, match=r"cannot use .*tuning.db: .*; move it away"):
        run(tmp_path, 1)


def test_a_study_that_breaks_on_the_way_is_named_and_our_own_faults_are_not(tmp_path: Path) -> None:
    """What the file does is told in one line; any other error keeps its own face."""

    def broken(proposal: Proposal, report: Report) -> float:
        with closing(sqlite3.connect(tmp_path / "tuning.db")) as database:
            database.execute("DROP TABLE trial_values")
        return quick(proposal, report)

    with pytest.raises(ConfigurationError, match=r"cannot use .*tuning.db: "):
        run(tmp_path, 1, broken)
    with pytest.raises(RuntimeError, match="ours"), open_study(tmp_path / "other.db", "name", 0):
        raise RuntimeError("ours")


def test_without_optuna_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named; the exit code is that of wrong use."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigurationError, match=r"optuna is not installed; .*: pip install '\.\[tune\]'") as caught:
        pipeline.training.tuning.library()
    assert caught.value.code == 2


def test_the_space_has_what_history_and_configuration_allow() -> None:
    """Half and twice the window, unless one is too long, has room for fewer baselines, or the user chose."""
    free = Train(cells=("gru",))
    short = prepared()
    assert space_of(short, Fleet(), free).windows == (10, 21, 42)
    assert space_of(prepared(window=200), Fleet(), free).windows == (200,)
    assert space_of(prepared(window=40), Fleet(), free).windows == (40, 80)
    assert space_of(short, Fleet(window=21), free).windows == (21,)
    assert space_of(short, Fleet(), free).units == (32, 64, 128)
    assert space_of(short, Fleet(), TRAIN).units == (4,)
    assert space_of(short, Fleet(), free).parts == (1, 2, 4)
    assert space_of(short, Fleet(), replace_train(segment=3)).parts == (1,)
    assert space_of(short, Fleet(), replace_train(designs=("plain",))).parts == (1,)


def replace_train(segment: int | None = None, designs: tuple[str, ...] = ("segment",)) -> Train:
    """A configuration with a segment or designs of its own."""
    return Train(segment=segment, designs=designs)  # type: ignore[arg-type]


def requests(history: Prepared, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What the training process would get, for each window of the space."""
    found: list[Request] = []

    def catch(request: Request, _folder: Path, progress: Progress) -> None:
        found.append(request)
        progress(1, 1, 0.0, 0.25)

    monkeypatch.setattr(pipeline.training.tuning, "train_candidate", catch)
    space = space_of(history, Fleet(), TRAIN)
    attempt = attempt_on(history, space, architectures(TRAIN, history.contract)[0], Settings(epochs=1), folder)
    for window in space.windows:
        assert attempt(replace(space.start, window=window), lambda *_: None) == 0.25
    return found


def test_held_out_values_reach_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spike in the held-out part changes nothing that a trial gets: the columns are not there at all."""
    plain = requests(prepared(), tmp_path / "plain", monkeypatch)
    spiked = requests(prepared(spike=1e6), tmp_path / "spiked", monkeypatch)
    stop = prepared().split.validation.stop
    for one, other in zip(plain, spiked, strict=True):
        assert one.training.values.shape[1] == one.validation.values.shape[1] == stop
        np.testing.assert_array_equal(one.training.values, other.training.values)
        np.testing.assert_array_equal(one.training.origin, other.training.origin)
        np.testing.assert_array_equal(one.windows, other.windows)
        assert one.training.origin.max() + 7 <= prepared().split.training.stop


def test_all_windows_are_judged_on_the_same_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap takes other origins from a short window than from a long one; those that are left are left to all."""
    found = requests(prepared(), tmp_path, monkeypatch)
    assert [one.contract.window for one in found] == [10, 21, 42]
    assert all(one.validation is found[0].validation for one in found)
    history = prepared()
    alone = [common_samples(history.table, (one.contract,), history.split.validation) for one in found]
    assert len(found[0].validation) < max(map(len, alone))
    for one in alone:
        pairs = set(zip(one.series.tolist(), one.origin.tolist(), strict=True))
        assert pairs.issuperset(zip(found[0].validation.series.tolist(), found[0].validation.origin.tolist(), strict=True))


def worker(losses: list[float], epochs: int) -> Callable[[Path], list[str]]:
    """A training process that tells these losses and then would work on for an hour."""
    lines = [{"epoch": epoch + 1, "epochs": epochs, "validation_loss": loss} for epoch, loss in enumerate(losses)]
    text = "\n".join(map(json.dumps, lines))
    return lambda _: [sys.executable, "-c", f"import time\nprint({text!r}, flush=True)\ntime.sleep(3600)"]


@pytest.mark.parametrize(("losses", "epochs"), [([3.0, 2.0, 2.5], 3), ([3.0, 2.0, 2.5, 2.5], 9), ([2.0, 9.0], 9)])
def test_the_process_ends_when_all_is_known(
    losses: list[float], epochs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last epoch, when patience is over, or where the trial is pruned, nothing waits for the process."""
    history, space = prepared(), space_of(prepared(), Fleet(), TRAIN)

    def fake(request: Request, folder: Path, progress: Progress) -> Result:
        return train_candidate(request, folder, progress, worker(losses, epochs))

    def report(_epoch: int, loss: float) -> None:
        if loss == 9.0:
            raise InterruptedError

    monkeypatch.setattr(pipeline.training.tuning, "train_candidate", fake)
    settings = Settings(epochs=epochs, patience=2)
    attempt = attempt_on(history, space, architectures(TRAIN, history.contract)[0], settings, tmp_path)
    if 9.0 in losses:
        with pytest.raises(InterruptedError):
            attempt(space.start, report)
    else:
        assert attempt(space.start, report) == 2.0


def test_what_a_search_found_is_what_all_candidates_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The better trial's settings are in window, architecture and training; asked again, the search has nothing to do."""
    said: list[str] = []

    def trained(_request: Request, _folder: Path, progress: Progress) -> None:
        progress(1, 1, 0.0, 1.0 - len(said) / 10)

    monkeypatch.setattr(pipeline.training.tuning, "train_candidate", trained)
    tuned = tune(prepared(), Fleet(), TRAIN, 2, tmp_path / "registry", tmp_path / "work", said.append)
    assert [line.split(":")[0] for line in said] == ["  trial 1 of 2", "  trial 2 of 2"]
    chosen = tuned.chosen
    assert (chosen["trial"], chosen["loss"]) == (2, 0.9)
    assert tuned.prepared.contract.window == chosen["window"]
    assert (tuned.architectures[0].units, tuned.architectures[0].dropout) == (4, chosen["dropout"])
    assert tuned.settings.learning_rate == chosen["learning_rate"]
    assert tuned.settings.budget == pytest.approx(60 * 0.1 / 3)
    again = tune(prepared(), Fleet(), TRAIN, 2, tmp_path / "registry", tmp_path / "work", said.append)
    assert again.chosen == chosen
    assert len(said) == 3
