"""The longest time of a run: nothing outlasts it."""

import subprocess
import sys
import threading

import msgspec
import pytest

from edge.config.sections import Config
from edge.config.training_sections import Schedule, Train
from edge.errors import GatecastError
from edge.inputs.rule import InputRule
from flows.retraining.limit import longest, within
from tests.support.servers import HANGS_AFTER


@pytest.mark.parametrize(("timeout", "budget", "seconds"), [(None, 20.0, 5400.0), (None, 1.0, 1980.0), ("2h", 20.0, 7200.0)])
def test_the_limit_follows_from_the_budget_unless_it_is_set(timeout: str | None, budget: float, seconds: float) -> None:
    """Training is a third of it, and the history has half an hour."""
    config = msgspec.structs.replace(Config(), schedule=Schedule(timeout=timeout), train=Train(budget=budget))
    assert longest(config) == seconds


def test_with_inputs_there_is_time_for_another_network() -> None:
    """It is trained after the one without inputs."""
    config = msgspec.structs.replace(Config(), input=(InputRule(name="wind"),), train=Train(budget=1.0))
    assert longest(config) == 4 * 60 + 1800


def test_work_that_hangs_is_ended_with_its_processes() -> None:
    """A training that says nothing more is a child process: it is killed, and what that leads to is told as one line."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(9999)"]) as child:

        def work() -> None:
            with within(0.1, ended.append, processes=lambda: [child.pid], grace=HANGS_AFTER):
                child.wait()
                raise RuntimeError("the training was killed")

        ended: list[str] = []
        with pytest.raises(GatecastError, match=r"the run took longer than .* and was ended; set \[schedule\] timeout higher"):
            work()
    assert ended == []


def test_work_that_hangs_by_itself_ends_its_process() -> None:
    """Nothing else helps where no process is left to kill."""
    over, said = threading.Event(), list[str]()

    def end(line: str) -> None:
        said.append(line)
        over.set()

    with within(0.0, end, processes=list, grace=0.0) as limit:
        assert over.wait(HANGS_AFTER)
        with pytest.raises(GatecastError, match="took longer"):
            limit.check()
    assert said == [limit.text]


def test_work_within_its_time_is_left_alone() -> None:
    """Its own failures stay what they are."""

    def work() -> None:
        with within(HANGS_AFTER, said.append) as limit:
            limit.check()
            raise ValueError("ours")

    said = list[str]()
    with pytest.raises(ValueError, match="ours"):
        work()
    assert said == []
