"""Samples that may be shown: what looks like a secret, an address or a place is masked; a sample is pasted into forums."""

import re

import msgspec

from edge.quoting import one_line

MASK = "***"
SHOWN = 100  # characters of a sample
_NAMES = (
    r"pass|pwd|secret|token|api_?key|private|psk|ssid|auth|credential|cookie|session|user|login|e?mail|phone|iban|pin$|^pin|"
    r"^key$|_key$|mac$|^mac|bssid|^ip|ip$|ip_?addr|^host|hostname|address|serial|imei|iccid|imsi|uuid|guid|eui|"
    r"^lat|latitude|^lon|^lng|longitude|gps|location|position|ssh|cert|signature|hash"
)
SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
SECRET_LEVEL = re.compile(
    r"pass|pwd|secret|token|psk|ssid|credential|^key$|_key$|^mac$|^ip$|^lat|^lon|gps|^pin$", re.IGNORECASE
)
_ASSIGNED = re.compile(
    r"((?:pass\w*|pwd|secret|token|api_?key|\bkey|psk|w?ssid|auth\w*|\buser(?:name)?|login|\bpin|\bmac|\bip)[\"']?\s*[=:]\s*)([^\s,;&]+)",
    re.IGNORECASE,
)
_PATTERNS = (
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{MASK}@"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), MASK),
    (re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,7}(?![0-9A-Fa-f])"), MASK),
    (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"), MASK),
    (re.compile(r"(?i)\b(?:bearer|basic)\s+\S+"), MASK),
    # Long runs without a blank that hold letters and digits: keys, hashes, images, identifiers.
    (re.compile(r"(?<![\w+/=-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{16,}"), MASK),
    (re.compile(r"\d{9,}"), MASK),
)


def masked(payload: bytes, topic: str = "") -> str:
    """A payload as a line may show it: short, printable, without what looks like a secret.

    Args:
        payload: bytes of a message.
        topic: its topic; the last levels of it may say that the payload is a secret.
    """
    if any(SECRET_LEVEL.search(level) for level in topic.split("/")[-2:]):
        return MASK
    if not _is_text(payload):
        return f"{len(payload):,} bytes that are no text, beginning with {payload[:4].hex(' ')}"
    if payload[:1] in (b"{", b"[") or payload.lstrip()[:1] in (b"{", b"["):
        try:
            document = msgspec.json.decode(payload)
            return _short(msgspec.json.encode(_masked_document(document, 0)).decode("utf-8", "replace"))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError):
            pass
    return _short(masked_text(payload[: 40 * SHOWN].decode("utf-8", "replace")))


def masked_text(text: str) -> str:
    """A text without what looks like a secret."""
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _is_text(payload: bytes) -> bool:
    """Whether the beginning of a payload is mostly printable."""
    beginning = payload[:200].decode("utf-8", "replace")
    odd = sum(not sign.isprintable() and sign not in "\r\n\t" for sign in beginning) + beginning.count("\ufffd")
    return odd * 10 <= len(beginning)


def _masked_document(value: object, depth: int) -> object:
    if isinstance(value, dict) and depth < 8:
        return {
            masked_text(str(key)): MASK
            if SECRET_NAME.search(str(key)) and part is not None
            else _masked_document(part, depth + 1)
            for key, part in value.items()
        }
    if isinstance(value, list) and depth < 8:
        return [_masked_document(part, depth + 1) for part in value[:8]]
    if isinstance(value, str):
        return masked_text(value)
    return MASK if isinstance(value, dict | list) else value


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
