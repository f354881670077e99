"""`gatecast demo`: wrong use is told before minutes of work; the demo itself is tested in `test_demo_run.py`."""

from pathlib import Path

import pytest

from tests.support.commands import call

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("option", "said"),
    [("--json", "--json {path}: there is no such folder"), ("--data", "--data {path}: there is no such file")],
)
def test_a_file_that_cannot_be_used_is_refused_at_once(
    option: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one line; no working folder is made."""
    path = tmp_path / "missing" / "file"
    code, out, error = call(capsys, "demo", "--folder", tmp_path / "work", option, path)
    assert (code, out) == (2, "")
    assert error == f"gatecast: {said.format(path=path)}" + error[len(f"gatecast: {said.format(path=path)}") :]
    assert not (tmp_path / "work").exists()
