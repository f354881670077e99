"""Rows are refused only where InfluxDB says that rows are at fault; its answers are those of the real servers."""

import json

import pytest

from edge.errors import BlockRefused, BlockTooLarge, BucketMissing, RightsMissing, StoreBusy, StoreDenied
from edge.stores.influx_answers import Answer, count_rows, fault_of_write, rows_of

BLOCK = b"reading,series=a value=1.0 30\nreading,series=b value=2.0 10\nforecast,series=a q50=1.0 20"
OTHERWISE = "read it, or name another one in [store] url, as in"
CONFLICT = 'field type conflict: input field "value" on measurement "reading" is type float, already exists as type integer'


def fault(status: int, body: object, kind: str = "application/json", version: str = "") -> object:
    """What an answer to a write of three rows means."""
    content = body if isinstance(body, str) else json.dumps(body)
    return fault_of_write(Answer(status, kind, version, content.encode()), BLOCK, "http://host", "b")


def refused(status: int, body: object) -> BlockRefused:
    """The refusal that an answer is."""
    found = fault(status, body)
    assert type(found) is BlockRefused
    return found


def test_only_no_content_is_a_success() -> None:
    """A login page, a proxy that moves on and an empty 200 store nothing."""
    assert fault(204, "") is None
    for status, kind in ((200, "text/html; charset=utf-8"), (200, ""), (201, "application/json"), (302, "text/html")):
        found = fault(status, "<html>Login</html>", kind)
        assert type(found) is StoreDenied
        assert str(found).startswith(f"http://host is no InfluxDB: it answers {status} with {kind.split(';')[0] or 'nothing'};")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"code": "invalid", "message": "Please provide either orgID or org"}, "influxdb://host:8086/b?org=my-org"),
        (404, {"code": "not found", "message": 'organization name "x" not found'}, 'organization name "x" not found'),
        (404, {"code": "not found", "message": 'bucket "b" not found'}, "has no bucket 'b' (404): create it"),
        (404, {"error": 'database not found: "b"'}, "has no database 'b' (404): create it"),
        (500, {"error": "retention policy not found: x"}, "has no database 'b' (500): create it"),
        (401, {"code": "unauthorized", "message": "unauthorized access"}, "401: unauthorized access): check GATECAST_INFLUX"),
        (
            403,
            {"code": "forbidden", "message": "insufficient permissions for write"},
            "this account write to bucket or database 'b'",
        ),
        (400, {"code": "invalid", "message": "invalid precision"}, "refuses the request (400): invalid precision; check"),
        (422, {"code": "unprocessable entity", "message": "bucket is read-only"}, "refuses the request (422)"),
        (405, "method not allowed", "refuses the request (405): method not allowed"),
        (404, "404 page not found\n", "refuses the request (404): 404 page not found"),
    ],
)
def test_request_that_is_wrong_keeps_every_row(status: int, body: object, words: str) -> None:
    """The server's own words are in the message, and what to set."""
    found = fault(status, body)
    assert isinstance(found, StoreDenied)
    assert words in str(found)
    assert isinstance(found, BucketMissing) == words.startswith("has no ")
    assert isinstance(found, RightsMissing) == (status == 403)


@pytest.mark.parametrize(
    ("version", "holder"), [("1.8.10", "database"), ("3.1.0", "database"), ("v2.7.1", "bucket"), ("", "database")]
)
def test_a_write_to_what_is_not_there_is_told_in_the_words_of_the_version(version: str, holder: str) -> None:
    """Whatever the database is called."""
    body = json.dumps({"error": 'database not found: "sensor-bucket"'}).encode()
    found = fault_of_write(Answer(404, "application/json", version, body), BLOCK, "http://host", "sensor-bucket")
    assert str(found).startswith(f"http://host has no {holder} 'sensor-bucket' (404)")


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("1.6.7~rc0", "create database 'b', or name another one in [store] url, as in influxdb://host/my-database"),
        ("3.1.0", "create database 'b', or name another one in [store] url, as in influxdb://host/my-database"),
        ("v2.7.1", f"create bucket 'b', let the token {OTHERWISE} influxdb://host/my-bucket?org=my-org"),
        ("", f"create bucket or database 'b', let the token {OTHERWISE} influxdb://host/my-bucket?org=my-org"),
    ],
)
def test_a_query_of_what_is_not_there_is_told_in_the_words_of_the_version(version: str, hint: str) -> None:
    """Databases in 1 and 3, buckets in 2, both where a proxy hides it; and the URL that should be written."""
    answer = Answer(200, "application/json", version, b'{"results":[{"error":"database not found: b"}]}')
    with pytest.raises(BucketMissing) as caught:
        rows_of(answer, "SELECT 1", 1, "http://host", "b")
    assert str(caught.value) == f"http://host gives no rows (database not found: b): {hint}"


@pytest.mark.parametrize(("version", "container"), [("1.8.10", "database"), ("v2.7.1", "bucket"), ("", "bucket or database")])
def test_an_account_that_may_not_read_is_told_of_what(version: str, container: str) -> None:
    """In the word of the version."""
    found = fault(403, {"error": "forbidden"}, version=version)
    assert isinstance(found, RightsMissing)
    assert f"does not let this account write to {container} 'b' (403: forbidden)" in str(found)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "unable to parse 'x': missing fields"}),
        (400, {"code": "invalid", "message": "unable to parse 'a text=\"b 1\nc value=1 2': unbalanced quotes"}),
        (400, {"code": "invalid", "message": "unable to parse 'reading value=x 1': invalid number"}),
        (400, {"code": "invalid", "line": 2, "message": "failed to parse line protocol: errors encountered on line(s): …"}),
        (400, {"error": "parsing failed for write_lp endpoint", "data": {"original_line": "x", "line_number": 1}}),
    ],
)
def test_answer_that_names_a_line_refuses_it(status: int, body: object) -> None:
    """Nothing of such a block is stored, so it is split."""
    assert refused(status, body).dropped is None


@pytest.mark.parametrize("status", [400, 422, 500])
def test_partial_write_does_not_prove_that_the_rest_is_stored(status: int) -> None:
    """1.x answers 400, 2.0 and 2.1 answer 500, later ones 422; the rows of a conflict are told by measurement and field."""
    found = refused(status, {"message": f"failure writing points to database: partial write: {CONFLICT} dropped=1"})
    first, second, forecast = BLOCK.split(b"\n")
    assert (found.dropped, found.rows, found.proven, found.by_type) == (None, b"", False, True)
    assert found.parts == [forecast, first + b"\n" + second]
    assert CONFLICT[:60] in str(found)


def test_partial_write_of_all_rows_refuses_all() -> None:
    """No other row of the block can be in another shard."""
    found = refused(422, {"message": f"partial write: {CONFLICT} dropped=3"})
    assert (found.dropped, found.rows, found.proven, found.by_type) == ({"reading": 2, "forecast": 1}, BLOCK, False, True)


@pytest.mark.parametrize(("count", "kept"), [(40_000, 40_000), (100, 99)])
def test_all_refused_rows_are_kept_as_far_as_ten_megabytes_hold_them(count: int, kept: int) -> None:
    """However many they are."""
    row = b"reading,series=%b value=1.5 10" % (b"a" * (4_000_000 // count if count > 100 else 100_000))
    body = json.dumps({"message": f"partial write: {CONFLICT} dropped={count}"}).encode()
    found = fault_of_write(Answer(422, "", "", body), b"\n".join([row] * count), "http://host", "b")
    assert isinstance(found, BlockRefused)
    assert (found.dropped, found.rows) == ({"reading": count}, b"\n".join([row] * kept))


def test_rows_of_one_key_stay_together_in_order() -> None:
    """The newest of a key may lack the field that is in conflict, as of another bundle; it has to be written last."""
    old, first, newest = (
        b"forecast,series=a q10=1,q50=1 50",
        b"forecast,series=a q10=1,q50=1 500",
        b"forecast,series=a q50=2 500",
    )
    reading, words = b"reading,series=a value=1 500", CONFLICT.replace("value", "q10").replace("reading", "forecast")
    body = json.dumps({"message": f"partial write: {words} dropped=1"}).encode()
    found = fault_of_write(Answer(422, "", "", body), b"\n".join([old, first, newest, reading]), "http://host", "b")
    assert isinstance(found, BlockRefused)
    assert found.parts == [reading, b"\n".join([old, first, newest])]


def test_rows_of_a_series_lie_together_where_series_are_refused() -> None:
    """The server does not say which; in halves by series few of them are mixed."""
    lines = [f"reading,series={name} value=1.0 {time}".encode() for time in range(3) for name in "ab"]
    body = json.dumps({"message": "partial write: max-series-per-database limit exceeded: (1000) dropped=3"}).encode()
    found = fault_of_write(Answer(422, "", "", body), b"\n".join(lines), "http://host", "b")
    assert isinstance(found, BlockRefused)
    assert not found.by_type
    assert found.parts == [b"\n".join(lines[::2]), b"\n".join(lines[1::2])]


LOWER = "dropped because it violates a Retention Policy Lower Bound at 2026-01-01T00:00:00Z"
UPPER = "dropped because it violates a Write Window Upper Bound at 2026-01-02T00:00:00Z"
OLDEST = (
    "dropped 2 points outside retention policy of duration 24h0m0s - oldest point reading,series=b at 1970-01-01T00:00:00Z "
    f"{LOWER}, newest point forecast,series=a at "
)


@pytest.mark.parametrize(
    "words",
    [
        "points beyond retention policy dropped=2",
        f"{OLDEST}1970-01-01T00:00:01Z {LOWER} dropped=2 for database: 9f282d63c7d3a5c0 for retention policy: autogen",
    ],
)
def test_rows_outside_of_retention_are_the_oldest_and_proven(words: str) -> None:
    """They are counted by measurement; servers before and after 2.7 say it in other words."""
    found = refused(422, {"message": f"failure writing points to database: partial write: {words}"})
    assert (found.dropped, found.proven) == ({"reading": 1, "forecast": 1}, True)
    assert found.rows == b"reading,series=b value=2.0 10\nforecast,series=a q50=1.0 20"


def test_rows_that_are_too_new_are_not_at_fault_for_sure() -> None:
    """InfluxDB 1.12 has a limit for them; a clock may be wrong. Where some are too old as well, it is not known which."""
    words = f"{OLDEST}2030-01-01T00:00:00Z {UPPER}"
    reading, oldest, forecast = BLOCK.split(b"\n")
    found = refused(400, {"error": f"partial write: {words} dropped=2"})
    assert (found.dropped, found.rows, found.proven) == (None, b"", False)
    assert found.parts == [oldest, forecast + b"\n" + reading]
    found = refused(400, {"error": f"partial write: {words.replace(LOWER, UPPER)} dropped=2"})
    assert (found.dropped, found.rows, found.proven) == ({"reading": 1, "forecast": 1}, forecast + b"\n" + reading, False)


@pytest.mark.parametrize(
    "words",
    [
        "shard 5 is pending deletion",
        "engine is closed",
        'shard 5 of "points beyond retention policy" is pending deletion',
    ],
)
def test_partial_write_for_a_reason_that_is_not_of_rows_is_tried_again(words: str) -> None:
    """Whatever the status is; the fault may lie in the block all the same."""
    for status in (400, 422, 500):
        found = fault(status, {"message": f"failure writing points to database: partial write: {words} dropped=2"})
        assert type(found) is StoreBusy
        assert found.answered
        assert words in str(found)


def test_lines_that_are_named_are_the_rows() -> None:
    """InfluxDB 1 lists those it could not parse and says dropped=0; InfluxDB 3 lists all."""
    text = "partial write: unable to parse 'x v= 2': missing field value\nunable to parse 'y': missing fields dropped=0"
    found = refused(400, {"error": text})
    assert (found.dropped, found.rows) == ({"x": 1, "y": 1}, b"x v= 2\ny")
    data = [{"original_line": "cpu,host=a val= 123", "line_number": 2, "error_message": "No fields were provided"}]
    found = refused(400, {"error": "partial write of line protocol occurred", "data": data})
    assert (found.dropped, found.rows) == ({"cpu": 1}, b"cpu,host=a val= 123")
    assert "No fields were provided" in str(found)


@pytest.mark.parametrize(
    ("number", "kept"), [(2, b'forecast,series=b model="gru-1",q50=2.5 20'), (0, None), (3, None), (9, None)]
)
def test_line_of_influxdb_3_is_kept_as_it_was_sent(number: int, kept: bytes | None) -> None:
    """It shows texts without their quotes, and long lines in part, so its number counts where that can be right."""
    block = b'forecast,series=a model="gru-1",q50=1.5 10\nforecast,series=b model="gru-1",q50=2.5 20\nreading value=1 1'
    told = "forecast,series=b model=gru-1,q50=2.5 20"
    data = [{"original_line": told, "line_number": number, "error_message": "invalid column type for column 'q50'"}]
    body = json.dumps({"error": "partial write of line protocol occurred", "data": data}).encode()
    found = fault_of_write(Answer(400, "", "", body), block, "http://host", "b")
    assert isinstance(found, BlockRefused)
    assert (found.dropped, found.rows) == ({"forecast": 1}, kept or told.encode())


def test_partial_write_of_a_cluster_is_tried_again() -> None:
    """It speaks of replicas, not of rows; an answer that names no row is not believed either."""
    assert type(fault(500, {"error": "partial write"})) is StoreBusy
    assert type(fault(503, {"error": "partial write: timeout"})) is StoreBusy
    assert type(fault(400, {"error": "partial write of line protocol occurred", "data": []})) is StoreDenied


def test_block_that_is_too_large_is_told_apart() -> None:
    """The server's words or a proxy's page."""
    assert type(fault(413, {"code": "request too large", "message": "points batch is too large"})) is BlockTooLarge
    assert type(fault(413, "<html>413 Request Entity Too Large</html>", "text/html")) is BlockTooLarge


@pytest.mark.parametrize(
    ("status", "answered", "passing"),
    [(429, False, False), (408, False, False), (500, True, False), *((status, True, True) for status in (502, 503, 504, 507))],
)
def test_server_in_trouble_is_busy(status: int, *, answered: bool, passing: bool) -> None:
    """Only its own failures may lie in the block, and only 500 in a row: the others are those of a gateway too."""
    found = fault(status, "no")
    assert type(found) is StoreBusy
    assert (found.answered, found.passing) == (answered, passing)


@pytest.mark.parametrize(
    ("answer", "old"),
    [
        (Answer(404, "text/plain", "1.6.7~rc0", b"404 page not found\n"), True),
        (Answer(404, "text/plain", "1.7.11", b"404 page not found\n"), True),
        (Answer(401, "", "1.6.7", b'{"error":"unable to parse authentication credentials"}'), True),
        (Answer(404, "text/plain", "", b"404 page not found\n"), True),
        (Answer(401, "", "", b'{"error":"unable to parse authentication credentials"}'), True),
        (Answer(401, "", "1.6.7", b'{"error":"authorization failed"}'), False),
        (Answer(404, "text/plain", "1.8.10", b"404 page not found\n"), False),
        (Answer(404, "text/plain", "v2.7.1", b"404 page not found\n"), False),
        (Answer(404, "", "1.6.7", b'{"error":"database not found"}'), False),
        (Answer(204, "", "1.6.7", b""), False),
    ],
)
def test_old_server_is_known_by_what_it_does_not_know(answer: Answer, old: bool) -> None:
    """Its version alone proves nothing: a proxy may translate."""
    assert answer.wants_old_way is old


def test_bodies_that_are_no_json_of_ours_do_not_matter() -> None:
    """Deep nesting, other types, other encodings, pages of megabytes."""
    for body in (b"[" * 100_000, b'{"message": 5}', b'{"data": "x"}', b"\xff\xfe", b"<p>" * 1_000_000):
        found = fault_of_write(Answer(400, "", "", body), BLOCK, "http://host", "b")
        assert type(found) is StoreDenied
        assert len(str(found)) < 400


LONG = 64 << 20  # bytes of the longest answer


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        ("partial write: ", "unable to parse '"),
        ("partial write: ", 'input field "a" on measurement "'),
        ("partial write: field type conflict: ", " dropped=1"),
        ('{"error": "partial write of line protocol occurred", "data": [', "{},"),
        ('{"message": "', "unable to parse '"),
        ("", "\n"),
    ],
)
def test_an_answer_of_any_length_is_understood_at_once(head: str, piece: str) -> None:
    """What was quadratic held the whole agent for hours; what is not read to its end refuses no row."""
    found = fault(400, head + piece * ((LONG - len(head)) // len(piece)))
    assert type(found) is StoreDenied
    assert len(str(found)) < 400


@pytest.mark.parametrize(
    "body",
    [
        "partial write: " + "unable to parse 'x v= 2': missing field value\n" * 100_000,
        json.dumps({"error": "partial write of line protocol occurred", "data": [{"line_number": 1}] * 100_000}),
    ],
)
def test_more_named_lines_than_are_read_make_the_write_smaller(body: str) -> None:
    """Which rows are stored is not known, so nothing is set aside: the block comes again in parts."""
    assert refused(400, body).dropped is None


@pytest.mark.parametrize("words", ["points beyond retention policy", CONFLICT])
def test_no_more_rows_are_dropped_than_were_sent(words: str) -> None:
    """A stranger can say any number; it ends up in the counters."""
    assert sum((refused(422, {"message": f"partial write: {words} dropped=999999999"}).dropped or {}).values()) == 3
    for digits in (10, 4_000, 5_000):
        assert type(fault(422, {"message": f"partial write: {words} dropped={'9' * digits}"})) is StoreDenied


@pytest.mark.parametrize(
    "body",
    [
        {"error": "partial write: " + "unable to parse 'x': missing fields\n" * 50 + " dropped=0"},
        {"error": "partial write of line protocol occurred", "data": [{"original_line": "x", "line_number": 1}] * 50},
    ],
)
def test_no_more_rows_are_named_than_were_sent(body: object) -> None:
    """As many as the block has are kept to be looked at."""
    found = refused(400, body)
    assert (found.dropped, found.rows) == ({"x": 3}, b"x\nx\nx")


def test_rows_are_counted_by_measurement() -> None:
    """Measurements of ours have no characters that are escaped."""
    assert count_rows(BLOCK) == {"reading": 2, "forecast": 1}
    assert count_rows(b"") == {}
