"""Prefect keeps quiet unless the user wants to hear it."""

import os

import pytest

from flows.retraining.quiet import LEVELS, keep_prefect_quiet


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing; it is restored afterwards."""
    for name in (*LEVELS, "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_log_lines_and_statistics_are_off() -> None:
    """A failed run is one line of ours."""
    keep_prefect_quiet()
    assert [os.environ[name] for name in LEVELS] == ["CRITICAL"] * 3
    assert os.environ["DO_NOT_TRACK"] == "1"


def test_a_level_that_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other levels stay Prefect's own, and so does a choice about statistics."""
    monkeypatch.setenv(LEVELS[0], "DEBUG")
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    keep_prefect_quiet()
    assert [os.environ.get(name) for name in (*LEVELS, "DO_NOT_TRACK")] == ["DEBUG", None, None, "0"]
