"""InfluxDB 2 as far as Gatecast speaks to it, in a thread: its answers word for word, and what it stored to be counted.

The real server of the tests is a 1.6; this one gives what only 2.x answers. It can also be a stranger that answers anything.
"""

import gzip
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from edge.contract.times import iso

LINE = re.compile(r'((?:\\.|[^\\ ])+) ((?:"(?:\\.|[^"\\])*"|[^" ])+) (-?\d+)')
FIELD = re.compile(r'([^=,]+)=("(?:\\.|[^"\\])*"|[^,]*)')
MOMENT = re.compile(r'^SELECT (?:\*|"value") FROM "(\w+)" WHERE time = (-?\d+)')
DELETION = re.compile(r'^DELETE FROM "(\w+)"$')
NUMBER = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d+)?")
Reply = tuple[int, str, str]  # status, content type, body
Instead = Callable[[str, bytes], Reply | None]  # gives a stranger's answer to a path and a body


@dataclass
class Bucket:
    """A bucket and what is in it.

    Args:
        oldest: rows before this time, ns UTC, are beyond its retention.
        types: types of fields by (measurement, field): `float`, `integer` or `string`.
        rows: fields by (measurement with tags, time).
    """

    oldest: int = -(2**63)
    types: dict[tuple[str, str], str] = field(default_factory=dict)
    rows: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)

    def of(self, measurement: str) -> list[dict[str, str]]:
        """Rows of one measurement."""
        return [fields for (key, _), fields in self.rows.items() if key.split(",")[0] == measurement]


class FakeInflux2:
    """A server on a free port of 127.0.0.1; a context manager.

    Args:
        organisation: the only one.
        partial_status: 422 as 2.2 and later, 500 as 2.0 and 2.1.
        tells_bounds: whether rows outside of the retention are told in the words of 2.7 and later.
        signs: paths whose answers carry `X-Influxdb-Version`; None: all, as of 2.1 and later.
        tls: certificate and key, where it speaks HTTPS.
    """

    def __init__(
        self,
        organisation: str = "home",
        *,
        partial_status: int = 422,
        tells_bounds: bool = True,
        signs: tuple[str, ...] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.organisation, self.partial_status, self.tells_bounds = organisation, partial_status, tells_bounds
        self.buckets = {"b": Bucket()}
        self.tokens = {"all": "rw", "reader": "r", "writer": "w"}
        self.guest = "guest"  # token of another organisation, which has a bucket of every name, too
        self.largest: int | None = None  # bytes of one write
        self.deletes = True  # whether rows are gone after a DELETE
        self.signs = signs
        self.instead: Instead = lambda *_: None
        self.told: Callable[[str], Reply | None] = lambda _: None  # answer to a question in InfluxQL
        self.requests: list[tuple[str, int]] = []  # path, bytes of the body
        self.accounts: list[str] = []  # header `Authorization` of each request
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        """Base URL."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def store_url(self, bucket: str = "b", organisation: str | None = "home") -> str:
        """Store URL of a bucket; without an organisation where that is None."""
        return f"influxdb://127.0.0.1:{self._server.server_port}/{bucket}" + (f"?org={organisation}" if organisation else "")

    def writes(self) -> list[int]:
        """Bytes of each write that was tried."""
        return [size for path, size in self.requests if path == "/api/v2/write"]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(self, method: str, target: str, token: str, body: bytes) -> tuple[Reply, dict[str, str]]:
        """What the server or a stranger says, and the headers by which the server is known."""
        path = urlsplit(target).path
        self.requests.append((path, len(body)))
        if (reply := self.instead(path, body)) is not None:
            return reply, {}
        is_signed = self.signs is None or path in self.signs
        signature = {"X-Influxdb-Build": "OSS", "X-Influxdb-Version": "v2.7.1"} if is_signed else {}
        return self.answer(method, target, token, body), signature

    def answer(self, method: str, target: str, token: str, body: bytes) -> Reply:
        """What the server says."""
        path, query = urlsplit(target).path, {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
        if path == "/ping":
            return 204, "", ""
        rights = ("r" if path == "/query" else "") if token == self.guest else self.tokens.get(token)
        if rights is None:
            return _error(401, "unauthorized", "unauthorized access")
        paths = {
            "/query": self._query,
            "/api/v2/buckets": self._list_buckets,
            "/api/v2/dbrps": self._list_databases,
            "/api/v2/orgs": self._list_organisations,
        }
        if (method, path) == ("POST", "/api/v2/write"):
            return self._wrong(query, rights, body) or self._write(self.buckets[query["bucket"]], body)
        return paths[path](query, rights) if path in paths else _error(404, "not found", "path not found")

    def _wrong(self, query: dict[str, str], rights: str, body: bytes) -> Reply | None:
        """What is wrong with a write, whatever its lines are."""
        bucket = query.get("bucket", "")
        if "org" not in query and "orgID" not in query:
            return _error(400, "invalid", "Please provide either orgID or org")
        if query.get("org", self.organisation) != self.organisation:
            return _error(404, "not found", f'organization name "{query["org"]}" not found')
        if bucket not in self.buckets:
            return _error(404, "not found", f'bucket "{bucket}" not found')
        if "w" not in rights:
            return _error(403, "forbidden", "insufficient permissions for write")
        if self.largest is not None and len(body) > self.largest:
            return _error(413, "request too large", "unable to read data: points batch is too large")
        return None

    def _write(self, bucket: Bucket, body: bytes) -> Reply:
        parsed = []
        for line in filter(None, body.decode().split("\n")):
            row = _parse(line)
            if row is None:
                return _error(400, "invalid", f"unable to parse '{line}': missing fields")
            parsed.append(row)
        return self._keep(bucket, parsed)

    def _keep(self, bucket: Bucket, parsed: list[tuple[str, int, dict[str, str]]]) -> Reply:
        dropped, reason = 0, ""
        stored = [row for row in parsed if row[1] >= bucket.oldest]
        old = sorted((row for row in parsed if row[1] < bucket.oldest), key=lambda row: row[1])
        for key, time, fields in stored:
            measurement = key.split(",")[0]
            conflict = next(
                (
                    name
                    for name, text in fields.items()
                    if bucket.types.setdefault((measurement, name), _type(text)) != _type(text)
                ),
                None,
            )
            if conflict is not None:
                known, new = bucket.types[measurement, conflict], _type(fields[conflict])
                dropped, reason = (
                    dropped + 1,
                    reason
                    or (
                        f'field type conflict: input field "{conflict}" on measurement "{measurement}" is type {new}, '
                        f"already exists as type {known}"
                    ),
                )
            else:
                bucket.rows.setdefault((key, time), {}).update(fields)
        if not dropped and old:
            dropped, reason = len(old), self._outside(bucket, old)
        if not dropped:
            return 204, "", ""
        code, how = (
            ("unprocessable entity", "failure writing points to database")
            if self.partial_status == 422
            else ("internal error", "unexpected error writing points to database")
        )
        return _error(self.partial_status, code, f"{how}: partial write: {reason} dropped={dropped}{self._where}")

    @property
    def _where(self) -> str:
        return " for database: 9f282d63c7d3a5c0 for retention policy: autogen" if self.tells_bounds else ""

    def _outside(self, bucket: Bucket, old: list[tuple[str, int, dict[str, str]]]) -> str:
        """The reason that names rows outside of the retention."""
        if not self.tells_bounds:
            return "points beyond retention policy"
        bound = f"dropped because it violates a Retention Policy Lower Bound at {iso(bucket.oldest)}"
        oldest, newest = (f"point {key} at {iso(time)} {bound}" for key, time, _ in (old[0], old[-1]))
        count = f"dropped {len(old)} points outside retention policy of duration 24h0m0s"
        return f"{count} - oldest {oldest}, newest {newest}"

    def _query(self, query: dict[str, str], rights: str) -> Reply:
        name = query.get("db", "")
        if name not in self.buckets or "r" not in rights:
            return _json(200, {"results": [{"statement_id": 0, "error": f"database not found: {name}"}]})
        if (reply := self.told(query.get("q", ""))) is not None:
            return reply
        result: dict[str, object] = {"statement_id": 0}
        if (deletion := DELETION.search(query.get("q", ""))) is not None:
            if "w" not in rights:
                return _json(200, {"results": [{**result, "error": "insufficient permissions"}]})
            if self.deletes:
                rows = self.buckets[name].rows
                self.buckets[name].rows = {key: row for key, row in rows.items() if key[0].split(",")[0] != deletion[1]}
            return _json(200, {})
        if (wanted := MOMENT.search(query.get("q", ""))) is not None:
            times = [time for key, time in self.buckets[name].rows if key.split(",")[0] == wanted[1] and time == int(wanted[2])]
            if times:
                result["series"] = [{"name": wanted[1], "columns": ["time"], "values": [[times[0]]]}]
        return _json(200, {"results": [result]})

    def _list_databases(self, query: dict[str, str], rights: str) -> Reply:
        name = query.get("db")
        entry = {"orgID": "0123456789abcdef", "bucketID": name, "retention_policy": "autogen", "default": True}
        found = [entry] if name in self.buckets and "r" in rights else []
        return _json(200, {"content": found})

    def _list_buckets(self, query: dict[str, str], rights: str) -> Reply:
        names = [name for name in self.buckets if query.get("name") in (None, name) and "r" in rights]
        rules = [{"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": 604800}]
        found = [{"id": name, "name": name, "orgID": "0123456789abcdef", "retentionRules": rules} for name in names]
        return _json(200, {"buckets": found})

    def _list_organisations(self, _: dict[str, str], rights: str) -> Reply:
        found = [{"id": "0123456789abcdef", "name": self.organisation}] if "r" in rights else []
        return _json(200, {"orgs": found})


def _json(status: int, document: object) -> Reply:
    return status, "application/json; charset=utf-8", json.dumps(document)


def _error(status: int, code: str, message: str) -> Reply:
    return _json(status, {"code": code, "message": message})


def _parse(line: str) -> tuple[str, int, dict[str, str]] | None:
    """Measurement with tags, time and fields of a line; None where it is none."""
    found = LINE.fullmatch(line)
    if found is None:
        return None
    fields = dict(FIELD.findall(found[2]))
    return (found[1], int(found[3]), fields) if fields and all(map(_type, fields.values())) else None


def _type(text: str) -> str:
    """Type of a field's value; empty where it is none."""
    if text.startswith('"'):
        return "string"
    if text.endswith("i"):
        return "integer" if NUMBER.fullmatch(text[:-1]) else ""
    return "float" if NUMBER.fullmatch(text) else ""


def _handler(server: FakeInflux2) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            server.accounts.append(self.headers.get("Authorization", ""))
            token = server.accounts[-1].removeprefix("Token ")
            (status, kind, text), signature = server.respond(self.command, self.path, token, body)
            self.send_response(status)
            for name, value in signature.items():
                self.send_header(name, value)
            if kind:
                self.send_header("Content-Type", kind)
            if status != 204:
                self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            if status != 204:
                self.wfile.write(text.encode())

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
            """Nothing."""

    return Handler
