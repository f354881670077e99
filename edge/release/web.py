"""Files from a web server, each with an end: one deadline for redirects, headers and body, however slowly the bytes come."""

import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import (
    AbstractHTTPHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from edge.errors import BundleDamaged
from edge.quoting import quoted, without_account
from edge.threads import Deadline
from edge.tls import TlsFiles

TIMEOUT = 30  # seconds without a byte
DEADLINE = 600.0  # seconds for one file: 16 MB over a slow line
REDIRECTS = 5  # one after the other
MOVED = (301, 302, 303, 307, 308)
UNAUTHORIZED = 401
WANTED = (
    "the server wants a user and password; write https://user@host/… there, and set GATECAST_RELEASE_PASSWORD or [release] "
    "password_file"
)
REFUSED = "the server refuses the user or the password; check GATECAST_RELEASE_PASSWORD or [release] password_file"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of one web server (RFC 7617).

    Args:
        user: name of the user.
        password: password of the user.
        server: URL of the server, taken apart; no other server gets the password.
    """

    user: str
    password: str = field(repr=False)
    server: SplitResult

    def headers(self, address: str) -> dict[str, str]:
        """What a request to this URL carries: the password where it goes to the server itself, else nothing."""
        parts = urlsplit(address)
        same = (parts.scheme, parts.netloc) == (self.server.scheme, self.server.netloc)
        encrypted = parts.scheme == "https" and parts.hostname == self.server.hostname
        if not same and not encrypted:
            return {}
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()}


class Web:
    """Reads files by their URLs.

    Args:
        tls: files for an encrypted connection.
        account: user of the server; None where it asks for none.
        deadline: seconds that one file may take.
    """

    def __init__(self, tls: TlsFiles, account: Account | None = None, deadline: float = DEADLINE) -> None:
        self._tls, self._account, self._deadline = tls, account, deadline
        self._context: ssl.SSLContext | None = None
        self.date = ""  # header of the last answer

    def context(self) -> ssl.SSLContext:
        """How an encrypted connection is verified; made once, because the authorities of the system take long to load.

        Raises:
            ConfigurationError: a file with certificates cannot be used.
        """
        if self._context is None:
            self._context = self._tls.context()
        return self._context

    def read(self, address: str, limit: int) -> bytes:
        """At most `limit` bytes.

        Args:
            address: http(s) URL.
            limit: bytes.

        Raises:
            OSError: not there, redirected to where nobody may follow, or the transfer ended early or took too long.
            HTTPException: the server does not speak HTTP.
            BundleDamaged: there is more.
        """
        with Deadline(self._deadline) as deadline:
            try:
                with self._open(address, deadline) as answer:
                    self.date = answer.headers.get("Date", "")
                    content = answer.read(limit + 1)
                    # `read` takes an early end for the end; of a chunked answer the length is not known, and None.
                    missing = answer.length if len(content) <= limit else 0
            except Exception as error:
                deadline.check(error)
                raise
            deadline.check()
        if missing:
            raise ConnectionError(f"the transfer ended {missing} bytes early")
        if len(content) > limit:
            raise BundleDamaged(f"expected at most {limit} bytes at {address}; got more")
        return content

    def _open(self, address: str, deadline: Deadline) -> HTTPResponse:
        """The answer to which the redirects lead. Those of the library may lead to ftp, and it reads their bodies whole."""
        opener = OpenerDirector()
        for handler in (ProxyHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor(), _Handler(deadline, self.context)):
            opener.add_handler(handler)
        for _ in range(REDIRECTS + 1):
            account = {} if self._account is None else self._account.headers(address)
            headers = {"User-Agent": "gatecast-agent", **account}
            request = Request(address, headers=headers)  # noqa: S310 - no other handler is there
            try:
                answer: HTTPResponse = opener.open(request, timeout=TIMEOUT)
            except HTTPError as error:
                error.close()
                if error.code == UNAUTHORIZED:
                    raise ConnectionError(REFUSED if account else WANTED) from error
                if error.code not in MOVED or "Location" not in error.headers:
                    raise
                address = _redirected(address, error.headers["Location"])
            except URLError as error:
                if isinstance(error.reason, ssl.SSLError) and (meaning := self._tls.failure(str(error.reason))) is not None:
                    raise ConnectionError(meaning) from error
                raise
            else:
                return answer
        raise ConnectionError(f"it redirects more than {REDIRECTS} times")


def _redirected(address: str, location: str) -> str:
    """The URL to go on with, without an account; from https only to https, else to http or https.

    Raises:
        ConnectionError: it is another one.
    """
    before = urlsplit(address).scheme
    try:
        target = urljoin(address, location)
        after = urlsplit(target).scheme if urlsplit(target).username is None else "no"
    except ValueError:  # such as http://[
        target, after = "", "no"
    if after != "https" and (after, before) != ("http", "http"):
        where = quoted(without_account(location.partition("?")[0]))
        raise ConnectionError(f"it redirects to {where}; only redirects to https are followed, or from http to http")
    return target


class _Handler(AbstractHTTPHandler):
    """Opens http and https within a deadline.

    Args:
        deadline: end of the transfer.
        context: function that gives what verifies an encrypted connection.
    """

    def __init__(self, deadline: Deadline, context: Callable[[], ssl.SSLContext]) -> None:
        super().__init__()
        self._deadline, self._context_of = deadline, context

    http_request = https_request = AbstractHTTPHandler.do_request_

    def http_open(self, request: Request) -> HTTPResponse:
        """The answer to a request without encryption."""
        return self.do_open(self._plain, request)

    def https_open(self, request: Request) -> HTTPResponse:
        """The answer to a request with encryption."""
        return self.do_open(self._encrypted, request)

    def _plain(self, host: str, **options: Any) -> HTTPConnection:  # noqa: ANN401 - the library's own arguments
        return self._watched(HTTPConnection(host, **options))

    def _encrypted(self, host: str, **options: Any) -> HTTPConnection:  # noqa: ANN401 - the library's own arguments
        return self._watched(HTTPSConnection(host, context=self._context_of(), **options))

    def _watched(self, connection: HTTPConnection) -> HTTPConnection:
        connect = connection.connect
        connection.connect = lambda: self._deadline.connect(connection, connect)  # type: ignore[method-assign]
        return connection
