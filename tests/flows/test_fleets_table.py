"""What became of many fleets: a row for each, and the reason of each that failed."""

from pathlib import Path

from flows.fleets.run import Outcome
from flows.fleets.table import outcomes_document, outcomes_text

OUTCOMES = [
    Outcome(
        "mill",
        Path("mill.toml"),
        12.3,
        "released: 20261128T063904Z-gru-543c5e64",
        {"released": "20261128T063904Z-gru-543c5e64"},
    ),
    Outcome("yard", Path("yard.toml"), 9.0, "not released: 2026-lstm; the champion stays", {"released": None}),
    Outcome("roof", Path("roof.toml"), 1.0, "the store holds no readings; import some", None),
]


def test_every_fleet_has_a_row_and_every_failure_its_reason() -> None:
    """Name, verdict, version and seconds; below them why one failed, and how many did not."""
    lines = outcomes_text(OUTCOMES).splitlines()
    assert lines[0].split() == ["fleet", "verdict", "version", "seconds"]
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["mill", "released", "20261128T063904Z-gru-543c5e64"],
        ["yard", "not", "released"],
        ["roof", "failed", "1.0"],
    ]
    assert lines[4:] == ["roof.toml: the store holds no readings; import some", "2 of 3 fleets retrained"]


def test_the_document_has_the_error_or_the_result() -> None:
    """A program sees which failed, and of the others what `retrain --json` says."""
    mill, _, roof = outcomes_document(OUTCOMES)
    assert (mill["fleet"], mill["error"], mill["released"]) == ("mill", None, "20261128T063904Z-gru-543c5e64")
    assert roof == {"fleet": "roof", "config": "roof.toml", "seconds": 1.0, "error": "the store holds no readings; import some"}
