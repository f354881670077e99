"""How a command ends: one line and an exit code."""

import pytest

from edge.commands.exit_codes import guarded
from edge.errors import ConfigurationError, HistoryError, StoreDenied


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigurationError("wrong"), 2, "tool: wrong\n"),
        (HistoryError("too short"), 1, "tool: too short\n"),
        (StoreDenied("no"), 1, "tool: no\n"),
        (
            PermissionError(13, "Permission denied", "/x"),
            1,
            "tool: /x: Permission denied; check that it is there",
        ),
        (FileNotFoundError(2, "No such file", "/x\n\x1b[2Jy"), 1, r"tool: /x\n\x1b[2Jy: No such file"),
        (StoreDenied("no\nat all"), 1, r"tool: no\nat all"),
        (ConnectionResetError(104, "Connection reset by peer"), 1, "tool: Connection reset by peer\n"),
        (KeyboardInterrupt(), 130, "tool: stopped by Ctrl-C\n"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else "",
)
def test_what_can_go_wrong_is_one_line(error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error's class says the exit code, for both programs; what nobody expects is not hidden."""

    def command() -> int:
        raise error

    assert guarded("tool", command) == code
    out, line = capsys.readouterr()
    assert (out, line.count("\n"), line.startswith(said)) == ("", 1, True)
    assert guarded("tool", lambda: 0) == 0
    with pytest.raises(ZeroDivisionError):
        guarded("tool", lambda: 1 // 0)
