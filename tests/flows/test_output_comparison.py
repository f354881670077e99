"""What `gatecast compare` tells is complete, fits the terminal, and is data as well."""

import json

import pytest

from flows.output.comparison import document, grids, markdown_text, text
from tests.support.compared import MEMORIES, comparison


def test_document_has_every_figure_and_no_nan() -> None:
    """Its keys, and None where there is no number."""
    found = json.loads(json.dumps(document(comparison()), allow_nan=False))
    keys = {"networks", "memory", "baseline", "contract", "budget", "series", "facts", "runtime", "trial", "gatecast"}
    assert set(found) == keys
    assert set(found["networks"][0]) == {
        *("cell", "design", "best_use", "steps", "parameters", "bytes", "seconds_per_epoch", "microseconds_at_batch_1"),
        *("microseconds_at_batch_64", "error", "skill", "error_by_lead", "coverage"),
    }
    assert found["networks"][-1]["coverage"] is None
    assert set(found["memory"][0]) == {
        *("cell", "kept_steps", "delays", "recall", "recall_lowest", "recall_highest", "distances"),
        *("gradient_norm_fresh", "gradient_norm_trained", "seconds"),
    }
    assert {"seed", "epochs", "windows_per_epoch", "memory_steps", "memory_seeds"} <= set(found["budget"])
    assert found["baseline"]["name"] == "last_value"


@pytest.mark.parametrize("width", [80, 100, 300])
def test_tables_fit_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 to 100 columns, every row and use there."""
    monkeypatch.setenv("COLUMNS", str(width))
    said = text(comparison())
    assert max(map(len, said.splitlines())) <= min(width, 100)
    for row in comparison().rows:
        assert row.name in said


def test_answer_has_the_columns_a_reader_looks_for() -> None:
    """Memory retention, speed, parameters, accuracy, best use; also in Markdown."""
    headers = ("network", "memory retention", "speed", "parameters", "accuracy", "best use")
    assert grids(comparison())[0].headers == headers
    assert "| " + " | ".join(headers) + " |" in markdown_text(comparison())


def test_memory_is_told_as_recall() -> None:
    """One row per cell, one column per delay; skill is another figure."""
    grid = grids(comparison())[1]
    assert grid.headers == ("cell", "5", "10", "20", "gradient kept")
    assert grid.rows[2] == ("SimpleRNN", "1.00", "0.10", "0.10", "8.0e-01")
    assert document(comparison())["memory"][0]["recall"] == list(MEMORIES[0].recall)  # type: ignore[index]
