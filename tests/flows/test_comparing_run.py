"""Trainings run several at once, and the failure of one is told."""

import threading

import pytest

from edge.errors import HistoryError
from flows.comparing.run import run_all


def test_answers_come_in_the_order_of_the_jobs() -> None:
    """Also where the first job ends last."""
    second_ended = threading.Event()

    def first() -> int:
        assert second_ended.wait(60)
        return 1

    def second() -> int:
        second_ended.set()
        return 2

    assert run_all([first, second], 2) == [1, 2]


def test_the_error_of_a_job_is_the_answer() -> None:
    """Of the first job that failed, in the order of the jobs."""

    def fails() -> int:
        raise HistoryError("no finite loss")

    with pytest.raises(HistoryError, match="no finite loss"):
        run_all([lambda: 1, fails], 1)
