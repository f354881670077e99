"""Mutated payloads through a running agent: a small share of what `benchmarks/live_fuzz.py` sends."""

from random import Random

import pytest
from live_fuzz import NESTED, nestings, packet, run, with_sound
from payload_fuzz import GROUPS, batches, rules_of

from tests.support.servers import requires


def test_a_packet_of_any_size_tells_its_length() -> None:
    """As MQTT 3.1.1, section 2.2.3 counts it: seven bits in a byte."""
    assert packet("a", b"1", 6) == b"\x32\x06\x00\x01a\x00\x071"
    assert packet("a", bytes(16_379), 0)[1:5] == b"\x80\x80\x01\x00"
    assert packet("a", bytes(122), 0)[1:3] == b"\x7f\x00"


def test_a_sound_reading_follows_each_thousand() -> None:
    """And the last message."""
    stream = list(with_sound([("a", b"")] * 2500))
    assert [place for place, (topic, _) in enumerate(stream) if topic == "sound/door"] == [1000, 2001, 2502]


@pytest.mark.servers
@pytest.mark.slow
def test_every_message_of_a_running_agent_is_accounted_for() -> None:
    """Formats, and nestings that end just before and behind what can be read; the sound readings are all stored."""
    requires("mosquitto")
    messages = (message for batch in batches(GROUPS["formats"], 1500, Random(1)) for message in batch)  # noqa: S311 - nothing secret
    outcome = run([*rules_of(GROUPS["formats"]), NESTED], (pair for part in (messages, nestings(40)) for pair in part), 1500)
    assert outcome.complete, outcome
    assert min(outcome.used, outcome.skipped) > 200
