"""What an answer of InfluxDB means: whether the rows are stored, and who has to act where they are not. No I/O.

The messages are those of InfluxDB 1.6 to 1.12, 2.0 to 2.9 and 3. Rows are refused only where the answer proves that rows are at
fault; everything else keeps the block.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import compress
from operator import not_

import msgspec

from edge.errors import BlockRefused, BlockTooLarge, BucketMissing, RightsMissing, StoreBusy, StoreDenied, StoreError

TOKEN_HINT = "check GATECAST_INFLUX_TOKEN or [store] token_file"  # noqa: S105 - a sentence
LONGEST = 200  # characters of the server's words in a message
MOST_KEPT = 10_000_000  # bytes of the rows of one refusal, kept to be looked at; a write is smaller
READ = 1 << 18  # bytes of an answer whose meaning is looked for; what a stranger sends beyond costs nothing
BUSY = (408, 425, 429)  # of the answers below 500 those that ask for patience
UNPARSABLE, END_OF_LINE = "unable to parse '", "': "  # before and after a line that InfluxDB 1 or 2 cannot read
DROPPED = re.compile(r" dropped=(\d{1,9})(?= for database: |$)")
# What follows "partial write: ". Rows outside of the retention are taken out before anything is written, and this is the
# answer only where every shard has taken the others.
RETENTION = re.compile(r"points beyond retention policy|dropped \d+ points outside retention policy")
BEHIND = "Lower Bound at "  # of rows that are too old, where there are some of either kind
AHEAD = "violates a Write Window Upper Bound"  # of rows that are too new, which time mends
FAULTS = re.compile(
    r"field type conflict|invalid (tag key|field name)|key contains invalid unicode|max key length|input field .* is too long"
    r"|max-(series-per-database|values-per-tag) limit exceeded"
)
TYPES = "field type conflict"
CONFLICT = re.compile(r'input field "(?P<field>[^"]*)" on measurement "(?P<measurement>[^"]*)"')
OLD, DATABASES = re.compile(r"v?1\.[0-7]\."), re.compile(r"v?[13]\.")  # versions; of these the second have no buckets
FEW = 1000  # brackets of an answer to a query beside those of its rows
BEGINNING, CUT = b'{"results":', "truncated"  # of such an answer, and in the decoder's words for one that lacks its end


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Args:
        status: HTTP status.
        kind: content type, empty where none was given.
        version: `X-Influxdb-Version`, empty where none was given.
        body: the content.
        is_signed: whether a header X-Influxdb-… says that InfluxDB answers, or something that speaks for it.
        date: time of the answer by the server's clock, as HTTP writes it; empty where none was given.
    """

    status: int
    kind: str = ""
    version: str = ""
    body: bytes = b""
    is_signed: bool = False
    date: str = ""

    @property
    def text(self) -> str:
        """The content as text, as far as it is read."""
        return self.body[:READ].decode(errors="replace")

    @property
    def is_cut(self) -> bool:
        """Whether the content is longer than what is read of it."""
        return len(self.body) > READ

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
        """Whether this may be InfluxDB 1.7 or older, which knows neither `/api/v2/write` nor `Authorization: Token`.

        A proxy may take its version off; `influxdb_listener` of Telegraf speaks as it does.
        """
        unknown = (self.status, self.body[:18]) == (404, b"404 page not found")
        unread = self.status == 401 and "unable to parse authentication credentials" in self.text
        return (unknown or unread) and (not self.version or OLD.match(self.version) is not None)

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


class Rows(msgspec.Struct):
    """Rows of one part of an answer.

    Args:
        columns: names of the columns.
        values: the rows.
        name: name of the measurement; empty where there is none.
        tags: tags that all these rows have, where the query groups by them.
    """

    columns: list[str]
    values: list[list[int | float | str | bool | None]] = []
    name: str = ""
    tags: dict[str, str] = {}


class Result(msgspec.Struct):
    """What one query gives, or a part of it.

    Args:
        series: the rows.
        error: reason why there are no more; None where nothing is wrong.
        partial: whether more follows.
    """

    series: list[Rows] = []
    error: str | None = None
    partial: bool = False


class Part(msgspec.Struct):
    """A part of an answer to a query."""

    results: list[Result]


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
        trouble = "refuses the account" if status == 401 else f"does not let this account {use} {_holder(answer)} {bucket!r}"
        return (StoreDenied if status == 401 else RightsMissing)(f"{url} {trouble} ({status}: {reason}): {TOKEN_HINT}")
    if (missing := _missing(answer, url, bucket)) is not None:
        return missing
    if status >= 500 or status in BUSY:
        return StoreBusy(f"{url} answers {status}: {reason}", answered=status >= 500, passing=status > 500)
    return StoreDenied(f"{url} refuses the request ({status}): {reason}; check [store] url")


def _missing(answer: Answer, url: str, bucket: str) -> StoreDenied | None:
    """What the request did not name, or named and is not there; and what to do."""
    status, reason = answer.status, answer.message
    if answer.lacks_organisation:
        advice = f"name it in [store] url, as in influxdb://host:8086/{bucket}?org=my-org"
        return StoreDenied(f"{url} needs the organisation ({reason}): {advice}")
    if "not found" not in reason or "page not found" in reason:
        return None
    if "organization" in reason:
        return StoreDenied(f"{url} does not know the organisation ({status}: {reason}): check ?org= in [store] url")
    if (status == 404 and "text/html" not in answer.kind) or "retention policy" in reason:
        holder = _holder(answer) if answer.version else "bucket" if 'bucket "' in reason else "database"
        return BucketMissing(f"{url} has no {holder} {bucket!r} ({status}): create it, or {_another(url, holder)} ({reason})")
    return None


def _holder(answer: Answer) -> str:
    """What holds the rows, in the word of the server's version."""
    return "database" if DATABASES.match(answer.version) else "bucket" if answer.version else "bucket or database"


def _another(url: str, holder: str) -> str:
    start = f"name another one in [store] url, as in {url.replace('http', 'influxdb', 1)}"
    return f"{start}/my-database" if holder == "database" else f"{start}/my-bucket?org=my-org"


def rows_of(answer: Answer, query: str, most: int | None, url: str, bucket: str) -> list[Rows]:
    """The rows that a query gives, one entry for each part of the answer; no part is empty.

    Args:
        answer: answer of the server.
        query: text of the query, for the message.
        most: largest number of rows; None: nobody knows.
        url: URL of the server, for the message.
        bucket: name of the bucket, for the message.

    Raises:
        StoreBusy: the server cannot answer now, or the end of the answer is missing.
        StoreDenied: the account may not read, there is no such bucket, or this is no answer of InfluxDB.
    """
    if answer.status >= 300:
        raise fault_of_request(answer, url, bucket, "read")
    # Before it is read: of brackets alone the objects would take thirty times as much. Names may hold some as well.
    if most is not None and answer.body.count(b"]") > 8 * most + FEW:
        raise no_influxdb(url, f"expected at most {most} rows from /query")
    # Of an answer without a length, as from a proxy that speaks HTTP 1.0, the end may be missing without a word.
    cut = f"{url} gave only a part of its answer; it or a proxy before it was ended meanwhile"
    try:
        parts = [msgspec.json.decode(line, type=Part) for line in answer.body.splitlines() if line.strip()]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if answer.body.startswith(BEGINNING) and CUT in str(error):
            raise StoreBusy(cut) from error
        raise no_influxdb(url, f"expected JSON from /query ({error})") from error
    results = [result for part in parts for result in part.results]
    failure = next((result.error for result in results if result.error), None)
    if failure is not None and "not found" in failure:
        # InfluxDB 2 says the same of a bucket that this token may write but not read.
        holder = _holder(answer)
        rights = "" if holder == "database" else "let the token read it, "
        hint = f"create {holder} {bucket!r}, {rights}or {_another(url, holder)}"
        raise BucketMissing(f"{url} gives no rows ({failure[:200]}): {hint}")
    if failure is not None:
        raise StoreBusy(f"{url} cannot answer {query!r}: {failure[:200]}")
    if results and results[-1].partial:
        raise StoreBusy(cut)
    return [table for result in results for table in result.series if table.values]


def no_influxdb(url: str, reason: str) -> StoreDenied:
    """What it means that an answer is none that InfluxDB gives."""
    return StoreDenied(f"{url} is no InfluxDB: {reason}; check [store] url")


def count_rows(block: bytes) -> Counter[str]:
    """How many rows of each measurement a block of line protocol holds."""
    return Counter(_measurement(line) for line in block.split(b"\n") if line)


def _measurement(line: bytes) -> str:
    return re.split(rb"[, ]", line, maxsplit=1)[0].decode(errors="replace")


def _document(answer: Answer) -> _Document:
    if answer.is_cut:
        return _Document()
    try:
        return msgspec.json.decode(answer.body, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Document()


def _names_a_line(answer: Answer) -> bool:
    document, words = _document(answer), _words(answer)
    lines = document.data if isinstance(document.data, list) else [document.data]
    named = document.line or any(line and line.line_number for line in lines) or (answer.is_cut and '"line_number"' in words)
    # A text whose end is missing goes on in the next line.
    return bool(named or END_OF_LINE in words.partition(UNPARSABLE)[2])


def _unparsable(words: str) -> list[bytes]:
    """The lines that InfluxDB 1 or 2 names as it cannot read them, one in each line of its words."""
    named = []
    for text in words.split("\n"):  # no regular expression: one that looks for both ends takes forever where there is no end
        line, end, _ = text.partition(UNPARSABLE)[2].rpartition(END_OF_LINE)
        if end:
            named.append(line.encode())
    return named


def _words(answer: Answer) -> str:
    """The whole message; in JSON its line breaks are real ones again."""
    document = _document(answer)
    return document.message or document.error or answer.text


def _partial_write(answer: Answer, block: bytes, url: str) -> StoreError | None:
    """What it means that some rows are not stored, whatever the status is.

    InfluxDB 1 and 2 write the shards of a block at the same time, and answer with the first failure: "dropped=N" speaks of one
    shard, and the others may fail or not have ended. A cluster's bare "partial write" means replicas that lack the rows.
    """
    words, document = _words(answer), _document(answer)
    if answer.is_cut or "partial write" not in words.lower():
        return None
    sent, reason = block.split(b"\n"), words.partition("partial write: ")[2]
    lines = [line for line in sent if line]
    if isinstance(document.data, list) and document.data:  # InfluxDB 3 names every line
        rows = [_named(line, sent) for line in document.data[: len(lines)]]
    else:  # InfluxDB 1 names those it cannot read when it has stored all others
        rows = _unparsable(reason)[: len(lines)]
    if rows:
        return _refusal(answer, url, rows, len(rows))
    counts = DROPPED.findall(words)
    return _counted(answer, url, reason, min(int(counts[-1]), len(lines)), lines) if counts else None


def _counted(answer: Answer, url: str, reason: str, dropped: int, lines: list[bytes]) -> StoreError:
    """What it means that so many of the lines were left out, as far as the server knows."""
    if RETENTION.match(reason):
        by_time = sorted(lines, key=_time)
        if AHEAD not in reason:
            return _refusal(answer, url, by_time[:dropped], dropped, proven=True)
        if BEHIND not in reason:
            return _refusal(answer, url, by_time[len(lines) - dropped :], dropped)
        return BlockRefused(f"{url} refuses the data: {answer.message}", parts=_in_two(by_time))
    if not FAULTS.match(reason):  # such as a shard that is being deleted
        return StoreBusy(f"{url} has not stored all rows: {answer.message}", answered=True)
    by_type = reason.startswith(TYPES)
    if dropped >= len(lines):
        return _refusal(answer, url, lines, len(lines), by_type=by_type)
    return BlockRefused(f"{url} refuses the data: {answer.message}", parts=_apart(reason, lines), by_type=by_type)


def _refusal(
    answer: Answer, url: str, rows: list[bytes], dropped: int, *, proven: bool = False, by_type: bool = False
) -> BlockRefused:
    """The refusal of so many rows, of which some are known, where all others are stored."""
    number = Counter(_measurement(line) for line in rows)
    if dropped > len(rows):
        number[""] += dropped - len(rows)
    kept = b"\n".join(rows)
    if len(kept) > MOST_KEPT:
        kept = kept[:MOST_KEPT].rpartition(b"\n")[0]
    reason = f"{url} refuses the data: {answer.message}"
    return BlockRefused(reason, dropped=dict(number), rows=kept, proven=proven, by_type=by_type)


def _named(line: _Line, sent: list[bytes]) -> bytes:
    """A line that InfluxDB 3 names, as it was sent: it tells texts without their quotes, and cuts long lines off."""
    told = line.original_line.encode()
    as_sent = sent[line.line_number - 1] if 0 < line.line_number <= len(sent) else b""
    return as_sent if _measurement(as_sent) == _measurement(told) else told


def _apart(reason: str, lines: list[bytes]) -> list[bytes]:
    """Lines in two parts, so that those that may be at fault lie together; none where that tells nothing apart.

    Of a conflict measurement and field are named. All other faults are those of series. Rows of one series and time stay
    together, in order: the last one counts.
    """
    if (conflict := CONFLICT.search(reason)) is None:
        return _in_two(sorted(lines, key=_series))
    field = f"{conflict['field']}=".encode()
    doubtful = {_key(line) for line in lines if _measurement(line) == conflict["measurement"] and field in line}
    may_be = [_key(line) in doubtful for line in lines]
    parts = [list(compress(lines, map(not_, may_be))), list(compress(lines, may_be))]
    return [b"\n".join(part) for part in parts] if all(parts) else []


def _in_two(lines: list[bytes]) -> list[bytes]:
    """Two halves of some lines; none where there is one line only."""
    half = len(lines) // 2
    return [b"\n".join(lines[:half]), b"\n".join(lines[half:])] if half else []


def _key(line: bytes) -> tuple[bytes, bytes]:
    """Series and time of a line."""
    return _series(line), line.rpartition(b" ")[2]


def _series(line: bytes) -> bytes:
    """Measurement and tags of a line, or as much of them as comes before a space."""
    return line.partition(b" ")[0]


def _time(line: bytes) -> int:
    try:
        return int(line.rpartition(b" ")[2])
    except ValueError:
        return 0
