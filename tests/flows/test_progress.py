"""What a person sees while long work runs."""

from io import StringIO

import pytest
from rich.console import Console

from flows.progress import CURRENT, Show, current


def show_of(*, terminal: bool) -> tuple[Show, StringIO]:
    """A show, and what it has written."""
    written = StringIO()
    return Show(Console(file=written, force_terminal=terminal, width=80, highlight=False)), written


def test_a_file_gets_a_line_per_quarter() -> None:
    """However often progress is told; another work has quarters of its own."""
    show, written = show_of(terminal=False)
    for done in range(101):
        show.advance("gru", done, 100, "epochs")
    show.advance("lstm", 1, 2)
    assert [line.rstrip() for line in written.getvalue().splitlines()] == [
        *(f"  gru: {done} of 100 epochs" for done in (25, 50, 75, 100)),
        "  lstm: 1 of 2",
    ]


def test_a_stage_has_its_seconds() -> None:
    """Its beginning and its end are a line each."""
    show, written = show_of(terminal=False)
    with show.stage("train"):
        show.note("[loss] falls")
    assert written.getvalue().splitlines()[:2] == ["train …", "[loss] falls"]
    assert written.getvalue().splitlines()[2].startswith("train done in ")
    assert show.seconds.keys() == {"train"}


def test_a_stage_that_fails_is_not_done() -> None:
    """Its seconds are kept."""
    show, written = show_of(terminal=False)
    with pytest.raises(ValueError, match="broken"), show.stage("train"):
        raise ValueError("broken")
    assert "done" not in written.getvalue()
    assert show.seconds.keys() == {"train"}


def test_a_terminal_gets_bars_within_a_stage() -> None:
    """Outside of one, a line."""
    show, written = show_of(terminal=True)
    with show.stage("train"):
        show.advance("gru", 1, 2, "epochs")
        show.advance("gru", 2, 2, "epochs")
    assert "gru: " not in written.getvalue()
    show.advance("gru", 2, 2, "epochs")
    assert "gru: 2 of 2 epochs" in written.getvalue()


def test_a_flow_on_its_own_has_a_new_show() -> None:
    """Within a command it is the command's."""
    show, _ = show_of(terminal=False)
    token = CURRENT.set(show)
    assert current() is show
    CURRENT.reset(token)
    assert current() is not show
