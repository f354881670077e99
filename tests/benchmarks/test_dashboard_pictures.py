"""The made-up rows of the pictures are rows that the product could have stored."""

import re

from dashboard_pictures import agents, spoken, trained

from edge.contract.contract import Contract
from edge.contract.schema import DRIFT
from edge.contract.times import SECOND
from pipeline.judging.drift import Rule
from tests.support.agent_process import baseline_bundle


def test_made_up_rows_have_the_fields_of_the_schema_and_the_threshold_of_the_monitor() -> None:
    """A look has drifted where its statistic is above the threshold that stands beside it."""
    blocks: list[bytes] = []
    trained(blocks.append)
    agents(blocks.append)
    lines = b"\n".join(blocks).decode().splitlines()
    looks = [line for line in lines if line.startswith(f"{DRIFT.name},")]
    assert len(looks) == 85
    for line in looks:
        fields = dict(re.findall(r'(\w+)=("[^"]*"|[^, ]+)', line.partition(" ")[2]))
        assert fields.keys() == {field.name for field in DRIFT.fields}
        assert float(fields["threshold"]) == Rule().threshold
        assert (fields["drifted"] == "1i") == (float(fields["statistic"]) > Rule().threshold)
    assert {line.partition(",")[0] for line in lines} == {"agent", "retraining", "drift"}


def test_alerts_and_anomalies_are_those_of_the_weather() -> None:
    """Rows that the agent's code makes, of each rule and of each measurement."""
    blocks: list[bytes] = []
    spoken(blocks.append, baseline_bundle(Contract(interval=3600 * SECOND, window=24, horizon=12)))
    lines = b"\n".join(blocks).decode().splitlines()
    assert {line.partition(",")[0] for line in lines} == {"alert", "alert_score", "anomaly"}
    assert {found[1] for line in lines if (found := re.search(r"rule=([^, ]+)", line))} == {"frost", "wind", "low"}
