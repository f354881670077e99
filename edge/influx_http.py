"""The HTTP connection to one InfluxDB: every answer is returned as it is, whatever its status."""

import base64
import gzip
from collections.abc import Sequence
from typing import Any

from edge.errors import StoreBusy, StoreDenied
from edge.influx_answers import Answer

TIMEOUT = 30.0  # seconds
LOOPBACK = ("http://127.", "http://localhost", "http://[::1]")


class Connection:
    """Nothing is contacted before the first `ask`, and no client library is loaded before that.

    Args:
        url: `http://host:8086`.
        token: of the account; empty where the server asks for none.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token
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
            StoreBusy: there is no answer.
            StoreDenied: the certificate is not trusted.
        """
        headers = {"Accept": "application/json", "Content-Type": "text/plain; charset=utf-8"}
        if body and not self.url.startswith(LOOPBACK):
            headers["Content-Encoding"], body = "gzip", gzip.compress(body)
        try:
            response = self._open().api_client.call_api(
                path,
                method,
                query_params=list(query),
                header_params=headers,
                body=body or None,
                _preload_content=False,
                _return_http_data_only=True,
                urlopen_kw={},
            )
            return _answer(response.status, response.headers, response.data)
        except Exception as error:
            if status := getattr(error, "status", None):
                return _answer(status, getattr(error, "headers", None), getattr(error, "body", None))
            raise self._silence(error) from error

    def close(self) -> None:
        """Let go of the sockets; the next `ask` opens new ones."""
        if self._client is not None:
            self._client.close()
            self._client, self.old_way = None, False

    def _open(self) -> Any:  # noqa: ANN401 - the client library has no types
        if self._client is None:
            from influxdb_client import InfluxDBClient  # noqa: PLC0415 - a second and 50 MB

            self._client = InfluxDBClient(
                url=self.url, token=self._token, org="", timeout=int(TIMEOUT * 1000), retries=False, enable_gzip=False
            )
        return self._client

    def _silence(self, error: Exception) -> StoreBusy | StoreDenied:
        """What it means that there was no answer."""
        words = " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())[:200]
        if "certificate" in words.lower():
            return StoreDenied(f"{self.url}: its certificate is not trusted ({words}); check the certificate, or [store] url")
        return StoreBusy(f"{self.url} does not answer ({words}); is InfluxDB running there? check [store] url")


def _answer(status: int, headers: Any, body: bytes | str | None) -> Answer:  # noqa: ANN401 - a mapping of the library
    fields = headers or {}
    content = body.encode() if isinstance(body, str) else body or b""
    return Answer(status, fields.get("Content-Type", ""), fields.get("X-Influxdb-Version", ""), content)
