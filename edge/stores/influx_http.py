"""The HTTP connection to one InfluxDB: every answer is returned as it is, whatever its status."""

import base64
import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from edge.errors import StoreBusy, StoreDenied, StoreError
from edge.stores.influx_answers import Answer
from edge.stores.packing import gzipped
from edge.threads import Deadline
from edge.tls import TlsFiles

TIMEOUT = 30.0  # seconds
TIMES = 2  # as long for all of an answer
LARGEST = 64 << 20  # bytes of a page of history; with the longest names it has a quarter of that
SMALL = 1 << 20  # bytes of any other answer
PIECE = 1 << 16
BEFORE_THE_REASON = re.compile(r"^\w+\(.*?\): ")  # repeats the address
LOOPBACK = ("http://127.", "http://localhost", "http://[::1]")

_deadline: ContextVar[Deadline] = ContextVar("deadline")  # of the request of this thread


class _Plain(HTTPConnection):
    """A connection that the deadline of the request cuts off, also while the head of the answer comes."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in the class above
        _deadline.get().watch(self)
        return super().getresponse()


class _Encrypted(HTTPSConnection):
    """The same with encryption."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in the class above
        _deadline.get().watch(self)
        return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class Connection:
    """Nothing is contacted before the first `ask`.

    Args:
        url: `http://host:8086`.
        token: token of the account; empty where the server asks for none.
        largest: bytes of the longest answer that is read; a longer one is given up.
        timeout: seconds for a connection, and for each wait after it; for the request with all of its answer twice that.
        tls: files for an encrypted connection.

    Raises:
        ConfigurationError: a file with certificates cannot be used.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        largest: int = LARGEST,
        timeout: float = TIMEOUT,
        tls: TlsFiles = TlsFiles("store"),
    ) -> None:
        self.url, self._token, self._tls = url, token, tls
        self._largest, self._timeout = largest, timeout
        self.old_way = False
        self._authorization = self._by_token()
        self._pool = PoolManager(maxsize=2, retries=False, ssl_context=tls.context() if url.startswith("https") else None)
        self._pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}

    @property
    def user(self) -> str:
        """User of 1.x; empty where the token names none."""
        user, colon, _ = self._token.partition(":")
        return user if colon else ""

    def go_the_old_way(self) -> None:
        """Speak as InfluxDB 1.7 and older understand it: `user:password` as an HTTP account."""
        if self._token:
            account = base64.b64encode(self._token.encode()).decode()
            self._authorization = {"Authorization": f"Basic {account}"}
        self.old_way = True  # set last: another thread reads it

    def ask(
        self, method: str, path: str, query: Sequence[tuple[str, str]], body: bytes = b"", *, pages: bool = False
    ) -> Answer:
        """Send a request and wait for the answer; redirections are not followed.

        Args:
            method: `GET` or `POST`.
            path: path below the address of the server.
            query: names and values behind the `?`.
            body: body of the request.
            pages: whether the answer may be as long as a page of history.

        Raises:
            StoreBusy: there is no answer, or not all of it in time.
            StoreDenied: the certificate is not trusted, or the answer does not end.
        """
        headers = {"Accept": "application/json", "Content-Type": "text/plain; charset=utf-8", "User-Agent": "gatecast"}
        if body and not self.url.startswith(LOOPBACK):
            headers["Content-Encoding"], body = "gzip", gzipped(body)
        with Deadline(TIMES * self._timeout) as deadline:
            token = _deadline.set(deadline)
            try:
                # Not by InfluxDB's own client: it reads an answer whole, however long it is.
                response = self._pool.request(
                    method,
                    f"{self.url}{path}?{urlencode(query)}",
                    body=body or None,
                    headers=self._authorization | headers,
                    preload_content=False,
                    redirect=False,
                    timeout=self._timeout,
                )
                content = self._content(response, self._largest if pages else min(SMALL, self._largest))
                deadline.check()  # of an answer without a length, what was cut off ends as a whole one does
            except StoreError:
                raise
            except Exception as error:
                raise self._too_slow() if deadline.is_over else self._silence(error) from error
            finally:
                _deadline.reset(token)
        fields = response.headers
        is_signed = any(name.lower().startswith("x-influxdb-") for name in fields)
        kind, version, date = (fields.get(name, "") for name in ("Content-Type", "X-Influxdb-Version", "Date"))
        return Answer(response.status, kind, version, content, is_signed, date)

    def _content(self, response: BaseHTTPResponse, most: int) -> bytes:
        """The body; the connection is free for the next request, or closed: the rest would be taken for the next answer."""
        try:
            content = self._pieces(response, most)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return content

    def _pieces(self, response: BaseHTTPResponse, most: int) -> bytes:
        """The body of so many bytes at most, piece by piece as it comes."""
        pieces, size = [], 0
        while piece := response.read1(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise StoreDenied(f"{self.url} is no InfluxDB: its answer is longer than {most} bytes; check [store] url")
        return b"".join(pieces)

    def _too_slow(self) -> StoreBusy:
        return StoreBusy(f"{self.url} answers too slowly: not all of it came in {TIMES * self._timeout:g} s; check [store] url")

    def organisation(self, bucket: str) -> str | None:
        """Identity of the organisation that a bucket belongs to, or else of the only one that the token can see.

        Returns:
            None where there is none, or more than one.

        Raises:
            StoreBusy: as `ask`.
            StoreDenied: as `ask`.
        """
        for path, query, kind in (("/api/v2/buckets", [("name", bucket)], "Buckets"), ("/api/v2/orgs", [], "Organizations")):
            organisations = _organisations(self.ask("GET", path, query), kind)
            if len(organisations) == 1:
                return organisations.pop()
        return None

    def close(self) -> None:
        """Close the sockets; the next `ask` opens new ones."""
        self._pool.clear()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Speak as InfluxDB 1.8 and later understand it, as at first."""
        self._authorization, self.old_way = self._by_token(), False

    def _by_token(self) -> dict[str, str]:
        return {"Authorization": f"Token {self._token}"} if self._token else {}

    def _silence(self, error: Exception) -> StoreBusy | StoreDenied:
        """What it means that there was no answer."""
        reason = getattr(error, "reason", None) or error
        while (inner := next((part for part in reason.args if isinstance(part, OSError)), None)) is not None:
            reason = inner  # urllib3 wraps what the system says into a tuple
        words = " ".join(str(getattr(reason, "strerror", None) or reason or type(error).__name__).split())
        words = BEFORE_THE_REASON.sub("", words)[:200]
        if (meaning := self._tls.failure(words)) is not None:
            return StoreDenied(f"{self.url}: {meaning}")
        return StoreBusy(f"{self.url} does not answer ({words}); is InfluxDB running there? check [store] url")


def _organisations(answer: Answer, kind: str) -> set[str]:
    """Identities of the organisations in an answer; none where it is no such document.

    InfluxDB's own client reads the document, and is loaded for this alone. It does not ask: it reads an answer whole, however
    long it is.

    Args:
        answer: answer of the server.
        kind: name of the document in InfluxDB's own client.
    """
    from influxdb_client import InfluxDBClient  # noqa: PLC0415 - a second and 14 MB

    if answer.status != 200 or answer.is_cut:
        return set()
    with InfluxDBClient("http://unused", "", org="") as client:
        try:
            document = client.api_client.deserialize(_Content(answer.text), kind)
            entries = document.buckets if kind == "Buckets" else document.orgs
            identities = {getattr(entry, "org_id", entry.id) for entry in entries}
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):  # no such document
            return set()
    return identities - {None}


@dataclass(frozen=True, slots=True)
class _Content:
    """The content of an answer, as InfluxDB's own client takes it."""

    data: str
