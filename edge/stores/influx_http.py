"""The HTTP connection to one InfluxDB: every answer is returned as it is, whatever its status."""

import base64
import gzip
import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from edge.errors import StoreBusy, StoreDenied, StoreError
from edge.stores.influx_answers import Answer

TIMEOUT = 30.0  # seconds
LARGEST = 64 << 20  # bytes of an answer; a page of history has a quarter of it with the longest names
PIECE = 1 << 16
BEFORE_THE_REASON = re.compile(r"^HTTPS?Connection(Pool)?\(.*?\): ")  # repeats the address
LOOPBACK = ("http://127.", "http://localhost", "http://[::1]")


class Connection:
    """Nothing is contacted before the first `ask`, and no client library is loaded before that.

    Args:
        url: `http://host:8086`.
        token: of the account; empty where the server asks for none.
        largest: bytes of an answer; one that goes on is given up.
        timeout: seconds for a connection, for the answer's first bytes, and then for all of it.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        largest: int = LARGEST,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url, self._token = url, token
        self._largest, self._timeout, self._clock = largest, timeout, clock
        self.old_way = False
        self._client: Any = None

    def go_the_old_way(self) -> None:
        """Speak as InfluxDB 1.7 and older understand it: `user:password` as an HTTP account."""
        if self._token:
            account = base64.b64encode(self._token.encode()).decode()
            self._open().api_client.set_default_header("Authorization", f"Basic {account}")
        self.old_way = True  # last: another thread looks at it

    def ask(self, method: str, path: str, query: Sequence[tuple[str, str]], body: bytes = b"") -> Answer:
        """Send a request and wait for the answer; redirections are not followed.

        Raises:
            StoreBusy: there is no answer, or not all of it in time.
            StoreDenied: the certificate is not trusted, or the answer does not end.
        """
        headers = {"Accept": "application/json", "Content-Type": "text/plain; charset=utf-8"}
        if body and not self.url.startswith(LOOPBACK):
            headers["Content-Encoding"], body = "gzip", gzip.compress(body)
        try:
            api = self._open().api_client
            # Not by its own calls: they read an answer whole, however long it is.
            response = api.rest_client.pool_manager.request(
                method,
                f"{self.url}{path}?{urlencode(query)}",
                body=body or None,
                headers=api.default_headers | headers,
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=self._timeout,
            )
            try:
                content = self._content(response)
            except BaseException:
                response.close()  # what is left of it would be taken for the next answer
                raise
            response.release_conn()
        except StoreError:
            raise
        except Exception as error:
            raise self._silence(error) from error
        fields = response.headers
        return Answer(response.status, fields.get("Content-Type", ""), fields.get("X-Influxdb-Version", ""), content)

    def _content(self, response: Any) -> bytes:  # noqa: ANN401 - of a library that is not ours to import
        """The body, piece by piece as it comes."""
        pieces, size, end = [], 0, self._clock() + self._timeout
        while piece := response.read1(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > self._largest:
                raise StoreDenied(
                    f"{self.url} is no InfluxDB: its answer is longer than {self._largest} bytes; check [store] url"
                )
            if self._clock() > end:
                raise StoreBusy(f"{self.url} answers too slowly: {size} bytes in {self._timeout:g} s; check [store] url")
        return b"".join(pieces)

    def close(self) -> None:
        """Let go of the sockets; the next `ask` opens new ones."""
        if self._client is not None:
            self._client.close()
            self._client, self.old_way = None, False

    def _open(self) -> Any:  # noqa: ANN401 - the client library has no types
        if self._client is None:
            from influxdb_client import InfluxDBClient  # noqa: PLC0415 - a second and 50 MB

            self._client = InfluxDBClient(
                url=self.url, token=self._token, org="", timeout=int(self._timeout * 1000), retries=False, enable_gzip=False
            )
        return self._client

    def _silence(self, error: Exception) -> StoreBusy | StoreDenied:
        """What it means that there was no answer."""
        words = " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())
        words = BEFORE_THE_REASON.sub("", words)[:200]
        if "certificate" in words.lower():
            return StoreDenied(f"{self.url}: its certificate is not trusted ({words}); check the certificate, or [store] url")
        return StoreBusy(f"{self.url} does not answer ({words}); is InfluxDB running there? check [store] url")
