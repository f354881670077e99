"""A search goes on where it stopped, and its best trial wins."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.errors import BundleError, ConfigurationError, HistoryError
from pipeline.tuning.study import Best, Proposal, Report, Space, library, open_study, search

FIRST = Proposal(24, 1, 64, 2e-3, 0.1)
SPACE = Space(FIRST, (12, 24, 48), (1, 2, 4), (32, 64, 128))


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
    losses = [100 / proposal.units - proposal.learning_rate for proposal in seen]
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
    assert best.loss == min(100 / proposal.units - proposal.learning_rate for proposal in seen)


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
        library()
    assert caught.value.code == 2
