"""Where readings, forecasts and scores end up and history comes from."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.schema import READING, VALUE, Measurement
from edge.errors import ConfigurationError

BLOCK_ROWS = 5_000
TOKEN_VARIABLE = "GATECAST_INFLUX_TOKEN"  # noqa: S105 - the name of a variable, not a secret


class Store(Protocol):
    """A time-series store in which series, time and tags are a point's identity: writing again changes nothing."""

    kind: str

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """Points as one block that `write` takes, now or after a restart; no I/O."""

    def write(self, block: bytes) -> None:
        """Make a block durable.

        Raises:
            StoreBusy: away or overloaded; send the same block again.
            StoreDenied: the account, bucket or address is wrong.
            BlockRefused: the store will never take this block as it is; some rows may be stored all the same.
        """

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """Several blocks as one, in order; one write is cheaper than many."""

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """Two halves of a block, or None where it can be split no further."""

    def count(self, block: bytes) -> dict[str, int]:
        """How many rows of each measurement a block holds; none where it is no block of this store."""

    def name_of(self, series: str) -> str:
        """The name that `read` gives back for a series that was written under this one."""

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """Points of `[start, stop)` ns in pages, in order of time; series not in the table are added.

        Args:
            measurement: whose rows to read.
            fields: columns of numbers; what a point does not have is NaN.
            start: ns UTC.
            stop: ns UTC.
            series: the table the indices refer to.

        Raises:
            StoreBusy: as `write`.
            StoreDenied: as `write`.
        """

    def span(self) -> tuple[int, int] | None:
        """Times of the first and the last reading, ns; None where there is none.

        Raises:
            StoreBusy: as `write`.
            StoreDenied: as `write`.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def encode_blocks(store: Store, points: Sequence[Points], series: SeriesTable) -> list[bytes]:
    """Points as blocks of limited size, in order: the memory that encoding and sending takes hangs on it."""
    blocks: list[bytes] = []
    waiting: list[Points] = []
    for part in points:
        for start in range(0, len(part), BLOCK_ROWS):
            piece = part.take(slice(start, start + BLOCK_ROWS))
            if sum(map(len, waiting)) + len(piece) > BLOCK_ROWS:
                blocks.append(store.encode(waiting, series))
                waiting = []
            waiting.append(piece)
    return [*blocks, store.encode(waiting, series)] if waiting else blocks


def read_readings(store: Store, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
    """The readings of `[start, stop)` ns in pages, as `Store.read`."""
    return (page.readings() for page in store.read(READING, [VALUE.name], start, stop, series))


def sqlite_url(path: Path) -> str:
    """The URL by which `open_store` finds an SQLite file, whatever characters its name has."""
    return f"sqlite:///{quote(str(path))}"


def open_store(url: str, token_file: str | None = None) -> Store:
    """The store a URL names; nothing is contacted yet.

    Args:
        url: `sqlite:///path` or `influxdb://host:8086/bucket?org=…` (`influxdbs://` for TLS); `#`, `?` and `%` in a path
            or bucket are written %23, %3F and %25.
        token_file: file with the InfluxDB token; without it the token comes from GATECAST_INFLUX_TOKEN.

    Raises:
        ConfigurationError: no store has such a URL.
    """
    if "#" in url:
        raise ConfigurationError("[store] url: a # would cut it short; write it as %23")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"[store] url is no URL: {error}") from error
    if parts.scheme == "sqlite":
        from edge.stores.sqlite import SqliteStore  # noqa: PLC0415 - each store is imported only where it is used

        if "?" in url:
            raise ConfigurationError("[store] url: an SQLite file has no options; write a ? in its name as %3F")
        path = unquote(parts.path)
        if parts.netloc or path in ("", "/"):
            raise ConfigurationError(f"{url!r} names no file; write sqlite:///relative/path or sqlite:////absolute/path")
        return SqliteStore(Path(path[1:]))
    if parts.scheme in ("influxdb", "influxdbs"):
        from edge.stores.influx import InfluxStore  # noqa: PLC0415

        bucket = unquote(parts.path.strip("/"))
        if not parts.hostname or not bucket:
            raise ConfigurationError(f"{url!r} names no bucket; write influxdb://host:8086/bucket?org=my-org")
        query = parse_qs(parts.query)
        unknown = set(query) - {"org"}
        if unknown:
            raise ConfigurationError(f"[store] url has the unknown option {min(unknown)!r}; only org=… is known")
        if "@" in parts.netloc:
            raise ConfigurationError(f"[store] url: keep the account out of it; set {TOKEN_VARIABLE} or token_file instead")
        scheme = "https" if parts.scheme == "influxdbs" else "http"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        address = f"{scheme}://{host}:{port or 8086}"
        return InfluxStore(address, bucket, query.get("org", [""])[0], _token(token_file))
    raise ConfigurationError(f"{url!r} is no store; write sqlite:///path or influxdb://host:8086/bucket?org=my-org")


def _token(token_file: str | None) -> str:
    if token_file is None:
        return os.environ.get(TOKEN_VARIABLE, "")
    try:
        return Path(token_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the token file {token_file}: {error.strerror}; check [store] token_file"
        ) from error
