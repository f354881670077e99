"""The search for settings: it goes on where it stopped, ends hopeless trials, and never sees what it is judged on."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.config.training_sections import Fleet, Train
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from pipeline.history.prepared import Prepared, prepare
from pipeline.training.architecture import architectures
from pipeline.training.settings import Progress, Settings
from pipeline.training.worker import Request, Result, train_candidate
from pipeline.tuning.study import Space
from pipeline.tuning.tuning import Search, attempt_on, common_samples, space_of, tune

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
TRAIN = Train(cells=("simplernn",), units=4, epochs=1, budget=0.1)


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


def pasts_of(history: Prepared, space: Space) -> list[Contract]:
    """The contract of a history with each window of a space."""
    return [replace(history.contract, window=window) for window in space.windows]


def requests(history: Prepared, folder: Path) -> list[Request]:
    """What the training process would get, for each window of the space."""
    found: list[Request] = []

    def catch(request: Request, _folder: Path, progress: Progress) -> None:
        found.append(request)
        progress(1, 1, 0.0, 0.25)

    space = space_of(history, Fleet(), TRAIN)
    attempt = attempt_on(
        history, pasts_of(history, space), architectures(TRAIN, history.contract)[0], Settings(epochs=1), folder, catch
    )
    for window in space.windows:
        assert attempt(replace(space.start, window=window), lambda *_: None) == 0.25
    return found


def test_held_out_values_reach_no_trial(tmp_path: Path) -> None:
    """A spike in the held-out part changes nothing that a trial gets: the columns are not there at all."""
    plain = requests(prepared(), tmp_path / "plain")
    spiked = requests(prepared(spike=1e6), tmp_path / "spiked")
    stop = prepared().split.validation.stop
    for one, other in zip(plain, spiked, strict=True):
        assert one.training.values.shape[1] == one.validation.values.shape[1] == stop
        np.testing.assert_array_equal(one.training.values, other.training.values)
        np.testing.assert_array_equal(one.training.origin, other.training.origin)
        np.testing.assert_array_equal(one.windows, other.windows)
        assert one.training.origin.max() + 7 <= prepared().split.training.stop


def test_all_windows_are_judged_on_the_same_origins(tmp_path: Path) -> None:
    """A gap takes other origins from a short window than from a long one; those that are left are left to all."""
    found = requests(prepared(), tmp_path)
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
def test_the_process_ends_when_all_is_known(losses: list[float], epochs: int, tmp_path: Path) -> None:
    """After the last epoch, when patience is over, or where the trial is pruned, nothing waits for the process."""
    history, space = prepared(), space_of(prepared(), Fleet(), TRAIN)

    def fake(request: Request, folder: Path, progress: Progress) -> Result:
        return train_candidate(request, folder, progress, worker(losses, epochs))

    def report(_epoch: int, loss: float) -> None:
        if loss == 9.0:
            raise InterruptedError

    settings = Settings(epochs=epochs, patience=2)
    attempt = attempt_on(history, pasts_of(history, space), architectures(TRAIN, history.contract)[0], settings, tmp_path, fake)
    if 9.0 in losses:
        with pytest.raises(InterruptedError):
            attempt(space.start, report)
    else:
        assert attempt(space.start, report) == 2.0


def test_what_a_search_found_is_what_all_candidates_take(tmp_path: Path) -> None:
    """The better trial's settings are in window, architecture and training; asked again, the search has nothing to do."""
    said: list[str] = []

    def trained(_request: Request, _folder: Path, progress: Progress) -> None:
        progress(1, 1, 0.0, 1.0 - len(said) / 10)

    asked = Search(2, tmp_path / "registry", tmp_path / "work")
    tuned = tune(prepared(), Fleet(), TRAIN, asked, said.append, trained)
    assert [line.split(":")[0] for line in said] == ["  trial 1 of 2", "  trial 2 of 2"]
    chosen = tuned.chosen
    assert (chosen["trial"], chosen["loss"]) == (2, 0.9)
    assert tuned.prepared.contract.window == chosen["window"]
    assert (tuned.architectures[0].units, tuned.architectures[0].dropout) == (4, chosen["dropout"])
    assert tuned.settings.learning_rate == chosen["learning_rate"]
    assert tuned.settings.budget == pytest.approx(60 * 0.1 / 3)
    again = tune(prepared(), Fleet(), TRAIN, asked, said.append, trained)
    assert again.chosen == chosen
    assert len(said) == 3
