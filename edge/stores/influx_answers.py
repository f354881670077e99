"""What an answer of InfluxDB means: whether the rows are stored, and who has to act where they are not. No I/O.

The messages are those of InfluxDB 1.6 to 1.12, 2.0 to 2.9 and 3. Rows are refused only where the answer proves that rows are at
fault; everything else keeps the block.
"""

import re
from collections import Counter
from dataclasses import dataclass

import msgspec

from edge.errors import BlockRefused, BlockTooLarge, StoreBusy, StoreDenied, StoreError

TOKEN_HINT = "check GATECAST_INFLUX_TOKEN or [store] token_file"  # noqa: S105 - a sentence
LONGEST = 200  # characters of the server's words in a message
MOST_ROWS = 1_000  # of one refusal, kept to be looked at
BUSY = (408, 425, 429)  # of the answers below 500 those that ask for patience
UNPARSABLE = re.compile(r"unable to parse '(.*)': ")
DROPPED = re.compile(r"\bdropped=(\d+)")
CONFLICT = re.compile(r'input field "(?P<field>[^"]*)" on measurement "(?P<measurement>[^"]*)"')
OLD = re.compile(r"v?1\.[0-7]\.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Args:
        status: HTTP status.
        kind: content type, empty where none was given.
        version: `X-Influxdb-Version`, empty where none was given.
        body: the content.
    """

    status: int
    kind: str = ""
    version: str = ""
    body: bytes = b""

    @property
    def text(self) -> str:
        """The content as text."""
        return self.body.decode(errors="replace")

    @property
    def message(self) -> str:
        """The server's own words, shortened to fit into a line."""
        document = _document(self)
        words = document.message or document.error or self.text
        if isinstance(document.data, list) and document.data:
            words += f" ({document.data[0].error_message})"
        return " ".join(words.split())[:LONGEST] or "no reason given"

    @property
    def wants_old_way(self) -> bool:
        """Whether this is InfluxDB 1.7 or older, which knows neither `/api/v2/write` nor `Authorization: Token`."""
        unknown = (self.status, self.body[:18]) == (404, b"404 page not found")
        unread = self.status == 401 and b"unable to parse authentication credentials" in self.body
        return (unknown or unread) and OLD.match(self.version) is not None

    @property
    def lacks_organisation(self) -> bool:
        """Whether InfluxDB 2 asks for the organisation that the request did not name."""
        return self.status == 400 and "provide either orgID or org" in self.text


class _Line(msgspec.Struct):
    """A line that InfluxDB 3 did not take."""

    original_line: str = ""
    line_number: int = 0
    error_message: str = ""


class _Document(msgspec.Struct):
    """The fields of the JSON errors of all versions."""

    message: str = ""
    error: str = ""
    line: int = 0
    data: list[_Line] | _Line | None = None


def fault_of_write(answer: Answer, block: bytes, url: str, bucket: str) -> StoreError | None:
    """What the answer to a write means; None where every row is stored.

    Args:
        answer: answer of the server.
        block: the lines that were sent.
        url: URL of the server, for the message.
        bucket: name of the bucket, for the message.
    """
    if answer.status == 204:
        return None
    if (partial := _partial_write(answer, block, url)) is not None:
        return partial
    if answer.status == 413:
        return BlockTooLarge(f"{url} refuses {len(block)} bytes in one write (413): {answer.message}")
    if 400 <= answer.status < 500 and _names_a_line(answer):
        return BlockRefused(f"{url} refuses the data: {answer.message}")
    return fault_of_request(answer, url, bucket, "write to")


def fault_of_request(answer: Answer, url: str, bucket: str, use: str) -> StoreError:
    """What it means that an answer does not do what was asked for.

    Args:
        answer: answer of the server.
        url: URL of the server, for the message.
        bucket: name of the bucket, for the message.
        use: verb for what was asked for, such as `read`.
    """
    status, reason = answer.status, answer.message
    if status < 400:
        kind = answer.kind.partition(";")[0] or "nothing"
        return StoreDenied(f"{url} is no InfluxDB: it answers {status} with {kind}; check [store] url")
    if status in (401, 403):
        trouble = "refuses the account" if status == 401 else f"does not let this account {use} bucket {bucket!r}"
        return StoreDenied(f"{url} {trouble} ({status}: {reason}): {TOKEN_HINT}")
    if (missing := _missing(answer, bucket)) is not None:
        return StoreDenied(f"{url} {missing}")
    if status >= 500 or status in BUSY:
        return StoreBusy(f"{url} answers {status}: {reason}", answered=status >= 500)
    return StoreDenied(f"{url} refuses the request ({status}): {reason}; check [store] url")


def _missing(answer: Answer, bucket: str) -> str | None:
    """What the request did not name, or named and is not there; and what to do."""
    status, reason = answer.status, answer.message
    if answer.lacks_organisation:
        return f"needs the organisation ({reason}): name it in [store] url, as in influxdb://host:8086/{bucket}?org=my-org"
    if "not found" not in reason or "page not found" in reason:
        return None
    if "organization" in reason:
        return f"does not know the organisation ({status}: {reason}): check ?org= in [store] url"
    if status == 404 or "retention policy" in reason:
        return f"has no bucket {bucket!r} ({status}): create it, or check [store] url ({reason})"
    return None


def count_rows(block: bytes) -> Counter[str]:
    """How many rows of each measurement a block of line protocol holds."""
    return Counter(_measurement(line) for line in block.split(b"\n") if line)


def _measurement(line: bytes) -> str:
    return re.split(rb"[, ]", line, maxsplit=1)[0].decode(errors="replace")


def _document(answer: Answer) -> _Document:
    try:
        return msgspec.json.decode(answer.body, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Document()


def _names_a_line(answer: Answer) -> bool:
    document = _document(answer)
    lines = document.data if isinstance(document.data, list) else [document.data]
    return bool(UNPARSABLE.search(_words(answer)) or document.line or any(line and line.line_number for line in lines))


def _words(answer: Answer) -> str:
    """The whole message; in JSON its line breaks are real ones again."""
    document = _document(answer)
    return document.message or document.error or answer.text


def _partial_write(answer: Answer, block: bytes, url: str) -> BlockRefused | None:
    """The refusal of some rows where the answer says that the others are stored, whatever its status is.

    How many were left out stands in the answer; which ones, it tells in part. A cluster's bare "partial write" means something
    else: replicas that lack the rows.
    """
    words, document = _words(answer), _document(answer)
    if "partial write" not in words.lower():
        return None
    dropped = int(counts[-1]) if (counts := DROPPED.findall(words)) else None
    if isinstance(document.data, list):  # InfluxDB 3 names the lines
        rows = [line.original_line.encode() for line in document.data]
    elif dropped is None:
        return None
    else:
        rows = _left_out(words, dropped, [line for line in block.split(b"\n") if line])
    number = Counter(_measurement(line) for line in rows)
    if dropped is not None and dropped > len(rows):
        conflict = CONFLICT.search(words)
        number[conflict["measurement"] if conflict else ""] += dropped - len(rows)
    return BlockRefused(
        f"{url} refuses the data: {answer.message}",
        dropped=dict(number),
        rows=b"\n".join(rows[:MOST_ROWS]),
        proven="beyond retention policy" in words,
    )


def _left_out(words: str, dropped: int, lines: list[bytes]) -> list[bytes]:
    """The rows that InfluxDB 1 and 2 did not store, as far as their message tells."""
    if named := UNPARSABLE.findall(words):
        return [line.encode() for line in named]
    if "beyond retention policy" in words:  # the oldest
        return sorted(lines, key=_time)[:dropped]
    if (conflict := CONFLICT.search(words)) is not None:
        field = f"{conflict['field']}=".encode()
        return [line for line in lines if _measurement(line) == conflict["measurement"] and field in line][:dropped]
    return []


def _time(line: bytes) -> int:
    try:
        return int(line.rpartition(b" ")[2])
    except ValueError:
        return 0
