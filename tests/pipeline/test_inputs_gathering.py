"""All inputs of a configuration are gathered; one that cannot be read costs itself alone."""

from pathlib import Path

import numpy as np

from edge.contract.ahead.known import Known
from edge.contract.contract import Context, Contract
from edge.contract.times import DAY, SECOND, parse_time
from edge.inputs.kept import Inputs
from edge.inputs.rule import InputRule
from edge.messages.message import Message
from pipeline.inputs.gathering import gather

HOUR = 3600 * SECOND
START = parse_time("2026-01-01T00:00Z")


def test_inputs_without_a_history_are_left_out_with_a_line(tmp_path: Path) -> None:
    """And values without a moment of issue are said to be more exact than a forecast will be."""
    (tmp_path / "price.csv").write_text("time,value\n2026-01-01,1\n2026-01-02,2\n")
    (tmp_path / "wind.csv").write_text("time,value,issued\n2026-01-03,1,2026-01-01\n2026-01-03,2,2026-01-02\n")
    rules = [
        InputRule(name="price", file=str(tmp_path / "price.csv")),
        InputRule(name="wind", file=str(tmp_path / "wind.csv")),
        InputRule(name="sun", file=str(tmp_path / "sun.csv")),
        InputRule(name="plan"),
    ]
    gathered = gather(rules, 10**9 * 3600, stop=parse_time("2026-01-01T12:00Z"))
    assert list(gathered.ahead) == ["price", "wind"]
    assert gathered.ahead["wind"].value.tolist() == [1]
    assert [note.split(":")[0] for note in gathered.notes] == [
        "[[input]] price",
        "[[input]] sun",
        "[[input]] sun",
        "[[input]] plan",
    ]
    assert "values as they turned out" in gathered.notes[0]
    assert "there is no file" in gathered.notes[1]
    (heard,) = gather([InputRule(name="sun", topic="a/b")], HOUR).notes
    assert heard.endswith("; let the agent run and publish values on topic 'a/b', or name their history in file")
    assert gathered.notes[-1].endswith("; name a file with its history, or the topic of its messages")


def test_a_device_knows_of_measured_values_what_the_training_knew(tmp_path: Path) -> None:
    """From a file without moments of issue, and from messages at the times in it: the same at every origin, nothing earlier.

    Neither knows of a value that is wrong: what was measured before it holds on.
    """
    random = np.random.default_rng(2)
    minutes = np.cumsum(random.integers(1, 400, 60))
    times, values = START + minutes * 60 * SECOND, random.normal(size=60).round(3)
    values[[20, 41]] = 1e14, -9999
    right = np.abs(values) < 100
    rows = "".join(f"{time // SECOND},{value}\n" for time, value in zip(times.tolist(), values.tolist(), strict=True))
    (tmp_path / "outdoor.csv").write_text("time,value\n" + rows)
    rule = InputRule(name="outdoor", file=str(tmp_path / "outdoor.csv"), topic="t", time="", fill="hold", hold="3h")
    gathered, inputs = gather([rule], HOUR), Inputs([rule])
    assert gathered.notes == ()
    contract = Contract(HOUR, 4, 6, inputs=(Known("outdoor", hold=3 * HOUR),))
    late, compared = list(zip(times.tolist(), values.tolist(), strict=True)), 0
    for origin in range(START + DAY, int(times[-1]) + DAY, HOUR):
        while late and late[0][0] + SECOND <= origin:
            time, value = late.pop(0)
            payload = b'{"value": %r}' % value
            inputs.take(Message("t", payload, time + 1, retained=False, mid=1, qos=1, session=1))
        trained, live = (
            Context(np.array([origin]), ahead).known(contract)["outdoor"] for ahead in (gathered.ahead, inputs.ahead(HOUR))
        )
        np.testing.assert_array_equal(live, trained)
        if np.isfinite(trained[0, -1]):
            assert (trained[0, -6:] == values[(times < origin) & right][-1]).all()
        compared += np.isfinite(trained).sum()
    assert compared > 1000
