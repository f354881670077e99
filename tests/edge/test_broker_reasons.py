"""Reasons of a broker in words."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from edge.broker.reasons import ADVICE, OF_FILTERS, reason_words


def test_a_reason_has_its_name_and_what_to_do() -> None:
    """With the broker's own words, shortened and on one line, and the address of another server."""
    assert reason_words("Banned", "ask") == "Banned; ask"
    assert reason_words("Banned", "ask", "no\nmore " * 50).count("\n") == 0
    assert len(reason_words("Banned", "ask", "x" * 60_000)) < 100
    assert reason_words("Server moved", "ask", None, "mqtt://b") == "Server moved; set [mqtt] url to 'mqtt://b'"


def test_advice_is_given_for_reasons_that_exist() -> None:
    """Each number is a reason of a refusal or an end in the standard."""
    for value in ADVICE:
        packets = [kind for names in [ReasonCode.names[value]] for kinds in names.values() for kind in kinds]
        assert {PacketTypes.CONNACK, PacketTypes.DISCONNECT}.intersection(packets), value
    for value in OF_FILTERS:
        assert any(PacketTypes.SUBACK in kinds for kinds in ReasonCode.names[value].values()), value
