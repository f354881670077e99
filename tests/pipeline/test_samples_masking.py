"""Samples are pasted into forums: what looks like a secret is not in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.samples.masking import MASK, SHOWN, masked

SECRET = "hunter2-Xy9"


@pytest.mark.parametrize(
    "payload",
    [
        {"ssid": SECRET},
        {"wifi": {"SSId": SECRET, "channel": 6}},
        {"mqtt_password": SECRET, "user": "x"},
        {"api_key": SECRET},
        {"token": [SECRET]},
        {"list": [{"psk": SECRET}]},
        {"Authorization": SECRET},
        f"password={SECRET};level=3",
        f"wifi pass: {SECRET}",
        f"token={SECRET}&x=1",
        f"mqtt://me:{SECRET}@host/",
        f"Bearer {SECRET}",
        f'{{"password":"{SECRET}", broken',
    ],
    ids=str,
)
def test_secrets_are_masked(payload: object) -> None:
    """By the name of their key, by what stands before them, or by their form."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    assert SECRET not in masked(text.encode())


@pytest.mark.parametrize(
    "secret",
    [
        "3c:61:05:4b:aa:f0",
        "192.168.1.77",
        "ich@example.org",
        "eyJhbGciOiJIUzI1NiJ9xyz0123",
        "0004A30B001C0530ffff",
        "358240051111110",
    ],
)
def test_addresses_and_keys_are_masked_wherever_they_stand(secret: str) -> None:
    """Hardware and network addresses, mail, long keys, serial numbers."""
    for text in (secret, f"from {secret} ok", json.dumps({"x": secret}), json.dumps([secret])):
        assert secret not in masked(text.encode())


@pytest.mark.parametrize("topic", ["home/wifi/password", "device/7/token", "cam/ip", "car/gps", "x/ssid/value"])
def test_a_payload_of_a_secret_topic_is_not_shown(topic: str) -> None:
    """A secret may be the whole payload."""
    assert masked(SECRET.encode(), topic) == MASK


def test_what_tells_the_format_is_still_there() -> None:
    """Numbers, short words and the names of keys."""
    assert masked(b'{"state":"online","temp":21.5,"ip":null}') == '{"state":"online","temp":21.5,"ip":null}'
    assert masked(b"usage_user=3.25") == "usage_user=3.25"
    assert masked(b"\x00\x01\xff\xfe\x80\x81") == "6 bytes that are no text, beginning with 00 01 ff fe"


@given(st.binary(max_size=300), st.text(max_size=20))
def test_a_sample_is_one_short_printable_line(payload: bytes, topic: str) -> None:
    """Whatever is published."""
    text = masked(payload, topic)
    assert text.isprintable()
    assert len(text) <= SHOWN
