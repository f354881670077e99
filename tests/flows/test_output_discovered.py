"""Everything that is printed is TOML, and a person can read it."""

import json
import tomllib

from flows.output.discovered import discovered_document, discovered_text, overview, sections
from pipeline.discovery.finder import discover
from pipeline.samples.heard import Heard, Limits
from tests.support.heard_topics import NOW, heard

HOUSE = discover(
    heard(
        {
            "s/a/t": ["1", "2"],
            "s/b/t": ["2"],
            "x/y": [{"a": 1, "id": 2}],
            "door": ["ajar"],
            "cfg/config": [{"password": "hunter2"}],
        }
    ),
    60,
    lambda _: None,
    {},
)


def test_the_output_is_a_configuration() -> None:
    """Tables stand in comments."""
    text = discovered_text(HOUSE, "mqtt://house")
    assert {rule["topic"] for rule in tomllib.loads(text)["ingest"]} == {"s/{device}/t", "x/y"}
    assert tomllib.loads(overview(HOUSE, "mqtt://house")) == {}
    assert sections(HOUSE) in text


def test_a_topic_writes_no_line_of_its_own() -> None:
    """Nor a command of the terminal, wherever it is named."""
    odd = discover(heard({"a/x\x1b[2J\ny/t": ["1", "2"], "b/x\x1b[2J\ny": ["ajar"]}), 60, lambda _: None, {})
    lines = discovered_text(odd, "mqtt://house").splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("# y") for line in lines)


def test_a_person_sees_rates_shares_and_what_is_not_read() -> None:
    """Without secrets."""
    text = discovered_text(HOUSE, "mqtt://house")
    for part in (
        "6 messages on 5 topics of mqtt://house in 60 s",
        "100.0 % of the numbers",
        "s/{device}/t",
        "door",
        "ajar",
        "***",
    ):
        assert part in text
    assert "hunter2" not in text
    assert "2 topics such as s/a/t: 3.00 readings a minute of 2 series, such as" in text


def test_the_document_has_the_same() -> None:
    """As data."""
    document = json.loads(json.dumps(discovered_document(HOUSE, "mqtt://house")))
    assert (document["topics"], document["messages"], document["share"]) == (5, 6, 1.0)
    assert document["rules"][0]["rule"] == {"topic": "s/{device}/t", "format": "plain"}
    assert document["rules"][0]["topics"] == ["s/a/t", "s/b/t"]
    assert {entry["reason"] for entry in document["unread"]} == {
        "a word",
        "it describes a device",
    }
    assert tomllib.loads(document["toml"])["ingest"]


def test_what_is_beyond_the_limits_is_said() -> None:
    """Topics, and shapes that nobody reads."""
    collected = Heard(Limits(topics=60))
    for number in range(70):
        collected.hear(f"{'x/' * (number % 60)}y{chr(97 + number % 26) * 3}", b"word", NOW, retained=False)
    text = discovered_text(discover(collected, 60, lambda _: None, {}), "mqtt://house")
    assert "10 messages of further topics not looked at" in text
    assert "more" in text
    assert tomllib.loads(text) == {}
