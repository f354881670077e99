"""What a look at the live error tells a person and a program."""

import json
from dataclasses import replace

import numpy as np
import pytest

from edge.contract.times import DAY
from flows.monitoring.outcome import Monitored, monitored_document, monitored_line, monitored_text
from pipeline.judging.drift import Look, Rule

LOOK = Look((1, 24), np.array([1.5, 1.2]), np.array([0.6, 0.9]), np.array([0.4, 0.75]), 15, 7, 0.34, 5.25, Rule())
SEEN = Monitored("mill", 20_000 * DAY, "20261127T083122Z-gru-ef5a060f", 19_990 * DAY, LOOK)


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (SEEN, "statistic 5.2 (15 series, 7 days); retrain: gatecast retrain, or let gatecast serve do it"),
        (
            replace(SEEN, raised=True, rests_until=0),
            "error +34.0% beside the backtest, statistic 5.2 (15 series, 7 days); a retraining",
        ),
        (replace(SEEN, rests_until=20_003 * DAY), "no further retraining before 2024-10-07T00:00:00Z"),
        (replace(SEEN, look=replace(LOOK, excess=0.05)), "no drift of 20261127T083122Z-gru-ef5a060f: error +5.0% beside"),
        (replace(SEEN, look=None, problem="nothing is released yet"), "nothing to compare: nothing is released yet"),
    ],
    ids=["drift", "raised", "resting", "no drift", "nothing"],
)
def test_a_line_says_what_is_and_what_follows(seen: Monitored, line: str) -> None:
    """Every outcome has its own sentence."""
    assert line in monitored_line(seen)


def test_a_person_sees_each_lead() -> None:
    """The error beside that of the backtest, and beside the simple forecast."""
    lines = monitored_text(SEEN).splitlines()
    assert [line.split() for line in lines if "%" in line and "beside" not in line] == [
        ["1", "+50.0%", "0.600", "0.400"],
        ["24", "+20.0%", "0.900", "0.750"],
    ]
    assert len(monitored_text(replace(SEEN, look=None, problem="nothing is released yet")).splitlines()) == 1


def test_a_program_reads_numbers() -> None:
    """Also where nothing can be compared: then there are none."""
    document = json.loads(json.dumps(monitored_document(SEEN)))
    assert (document["drifted"], document["statistic"], document["excess"]) == (True, 5.25, 0.34)
    assert document["leads"][0] == {"lead": 1, "growth": 1.5, "live": 0.6, "expected": 0.4}
    assert document["live_error"] == pytest.approx((0.6 * 0.9) ** 0.5, abs=1e-6)
    problem = replace(LOOK, problem="scores of 0 days", excess=float("nan"), statistic=float("nan"), leads=())
    empty = json.loads(json.dumps(monitored_document(replace(SEEN, look=problem, problem=problem.problem))))
    assert (empty["drifted"], empty["statistic"], empty["live_error"], empty["leads"]) == (False, None, None, [])
