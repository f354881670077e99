"""A cell is studied in a process of its own, whose end is no riddle."""

import sys
from pathlib import Path

import pytest

from edge.errors import BundleError, ConfigurationError, GatecastError, HistoryError
from pipeline.cells.cell_worker import CellRequest, study_cell
from pipeline.cells.comparison import budget, tutorial_contract
from tests.support import tiny


@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ("sys.exit('out of memory')", HistoryError, "studies gru ended with exit code 1; out of memory"),
        ("""print('{"error": "no such operation", "kind": "BundleError"}')""", BundleError, "no such operation"),
        ("""print('{"error": "units: 0", "kind": "ConfigurationError"}')""", ConfigurationError, "units: 0"),
    ],
)
def test_end_of_the_worker_is_no_riddle(end: str, error: type[GatecastError], said: str, tmp_path: Path) -> None:
    """Its last words, or the error it raised on purpose; progress until then was passed on."""
    code = f"""import sys\nprint('{{"what": "memory", "done": 1, "total": 6}}', flush=True)\n{end}"""
    contract, told = tutorial_contract(tiny.CONTRACT), list[tuple[str, int, int]]()
    given = budget("quick")
    windows, series = tiny.windows(2)
    request = CellRequest("gru", 4, contract, given.settings, given.recall, tiny.samples(21, 150), windows[:, -10:], series)
    with pytest.raises(error, match=said):
        study_cell(request, tmp_path, lambda *event: told.append(event), lambda _: [sys.executable, "-c", code])
    assert told == [("memory", 1, 6)]
