"""`gatecast-agent completion`: a script on standard output."""

import pytest

from edge.cli import run
from edge.commands.completion import SHELLS


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_of_a_shell_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what it is for, and names every command."""
    assert run(["completion", name]) == 0
    out = capsys.readouterr().out
    assert f"What {name} offers after Tab for gatecast-agent" in out
    assert all(word in out for word in ("check", "connect", "recover"))


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 2, and those that are known."""
    with pytest.raises(SystemExit) as end:
        run(["completion", "tcsh"])
    assert end.value.code == 2
    assert "choose from 'bash', 'zsh', 'fish'" in capsys.readouterr().err
