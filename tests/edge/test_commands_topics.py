"""`gatecast-agent topics`: a user sees which sensor is not understood, and why, without reading a log."""

import json
from pathlib import Path

import pytest

from edge.agent.counters import Counters
from edge.agent.health import Health
from edge.cli import run
from edge.commands.topics import SECOND, Topic, table
from edge.messages.topics import Topics
from tests.support.servers import free_port


def configure(folder: Path, health: str) -> str:
    """Path of a configuration with that page."""
    path = folder / "gatecast.toml"
    rules = "".join(f'[[ingest]]\ntopic = "{topic}"\n' for topic in ("sensors/{x}", "senors/{x}"))
    path.write_text(f'[agent]\nhealth = "{health}"\n{rules}')
    return str(path)


def test_the_page_of_the_agent_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a table with trouble first, and as JSON with everything; a proxy for the network is not asked."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    topics = Topics(10)
    topics.used("sensors/good", 1, 2, lambda _: ["sensors/{x}"])
    topics.skipped("sensors/bad", 1, "bad_value", "expected a number", b"on\x1b[2J", lambda _: ["sensors/{x}"])
    health = Health(Counters(), {}, topics=topics.documents)
    config = configure(tmp_path, f"127.0.0.1:{health.serve('127.0.0.1:0')}")
    try:
        assert run(["topics", "--config", config]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines[:-1]] == ["topic", "sensors/bad", "bad_value:", "sensors/good"]
        assert lines[1].split()[-5:] == ["1", "0", "0", "bad_value", "1"]
        assert lines[2].startswith("  bad_value: expected a number; payload on")
        assert lines[-1] == "nothing has come for 1 of 2 [[ingest]] topics: 'senors/{x}'; check how they are written"
        assert "\x1b" not in lines[2]
        assert run(["topics", "--config", config, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document == {"topics": topics.documents()}
    finally:
        health.stop()


def test_an_agent_that_does_not_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What to do, and an exit code."""
    assert run(["topics", "--config", configure(tmp_path, f"127.0.0.1:{free_port()}")]) == 1
    assert "start it with gatecast-agent run" in capsys.readouterr().err
    assert run(["topics", "--config", configure(tmp_path, "off")]) == 2
    assert "[agent] health is off" in capsys.readouterr().err


def test_ten_thousand_topics_are_forty_lines() -> None:
    """The others are counted; a name of any length keeps the columns in line."""
    topics = [Topic(f"t/{number:05}" * 10, ["t/#"], 5 * SECOND, 1, 1, 0, {}, "", "") for number in range(10_000)]
    lines = table(topics, 65 * SECOND, 40)
    assert len(lines) == 42
    assert "60 s ago" in lines[1]
    assert lines[-1] == "and 9960 more topics, 9960 of them without trouble; --all lists them"
    assert len(table(topics, 65 * SECOND, None)) == 10_001
    assert table([], 0, 40) == ["no message has come yet; check [mqtt] url and the topics of [[ingest]]"]


def test_what_was_kept_by_the_broker_does_not_hide_trouble() -> None:
    """It comes once from every topic at every start, and what a rule skips on purpose is no trouble either."""
    kept = [
        Topic(f"a/{number}", ["a/#"], 0, 2, 1, 0, {"retained": 1, "unwanted": 1}, "retained: old", "1") for number in range(50)
    ]
    lines = table([*kept, Topic("z", ["z"], 0, 2, 1, 0, {"retained": 1, "bad_value": 1}, "bad_value: x", "x")], 0, 3)
    assert [line.split()[0] for line in lines[1:6:2]] == ["z", "a/0", "a/1"]
    assert lines[-1] == "and 48 more topics, 48 of them without trouble; --all lists them"


def test_readings_that_are_too_late_are_trouble() -> None:
    """Nothing was skipped, and nothing is forecast: the topic stands first, with what to look at."""
    good, late = Topic("a", ["#"], 0, 9, 9, 0, {}, "", ""), Topic("b", ["#"], 0, 9, 9, 8, {}, "", "")
    lines = table([good, late], 0, None)
    assert [line.split() for line in (lines[1], lines[3])] == [
        ["b", "0", "s", "ago", "9", "9", "8", "-"],
        ["a", "0", "s", "ago", "9", "9", "0", "-"],
    ]
    assert lines[2].startswith("  too late: their intervals have closed, and no window reaches back so far; check the clock")
