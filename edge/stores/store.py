"""Where readings, forecasts and scores end up and history comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from edge.contract.columns import Float64, Int32, Points, Readings, SeriesTable
from edge.contract.schema import READING, VALUE, Measurement
from edge.errors import ConfigurationError
from edge.quoting import without_account
from edge.stores.address import Address
from edge.stores.retention import Retention
from edge.stores.size import Size
from edge.tls import TlsFiles

BLOCK_ROWS = 5_000
LEAD_DIGITS = 9  # of the longest lead
NUMBERS = {int, float, type(None)}  # types of the cells of a column that numpy takes as it is


class Store(Protocol):
    """A time-series store in which series, time and tags are a point's identity: writing again changes nothing.

    Args:
        kind: its name; blocks wait for a store of the same name only.
    """

    kind: str

    @property
    def advice(self) -> str:
        """What the URL should say and does not, for `gatecast-agent check`; empty where nothing is missing."""

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """Points as one block that `write` takes, now or after a restart; no I/O."""

    def write(self, *blocks: bytes) -> None:
        """Make blocks durable, in their order; one write of many is cheaper than a write of each.

        Raises:
            StoreBusy: away or overloaded; send the same blocks again.
            StoreDenied: the account, bucket or address is wrong.
            BlockRefused: the store will never take these blocks as they are; some rows may be stored all the same.
        """

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """Several blocks as one, in order."""

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """Two halves of a block, or None where it cannot be split any further."""

    def count(self, block: bytes) -> dict[str, int]:
        """How many rows of each measurement a block holds; none where it is no block of this store."""

    def name_of(self, series: str) -> str:
        """The name that `read` gives back for a series that was written under this one."""

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """Points of `[start, stop)` ns in pages, in order of time; series not in the table are added.

        Args:
            measurement: kind of the rows.
            fields: columns of numbers; what a point does not have is NaN.
            start: ns UTC.
            stop: ns UTC.
            series: the table the indices refer to.

        Raises:
            StoreBusy: as `write`.
            StoreDenied: as `write`.
        """

    def count_readings(self, start: int, stop: int) -> dict[str, int]:
        """Number of readings of `[start, stop)` ns by series, those that have one; the store counts, and sends no reading.

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

    def forget(self, retention: Retention, /) -> None:
        """Delete rows that are too old, from now on.

        Args:
            retention: object that says which rows these are, and when they go.

        Raises:
            ConfigurationError: the store has a retention of its own.
        """

    def size(self) -> Size | None:
        """Room that it takes on the disk of this machine; None where it takes none here."""

    def close(self) -> None:
        """Close files and connections; the next use opens them again."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of store.

    Args:
        module: name of the module that has `open_address`; it is imported only where such a store is used.
        example: its URL, as a user writes it.
    """

    module: str
    example: str


SQLITE = Kind("edge.stores.sqlite", "sqlite:///path")
INFLUX = Kind("edge.stores.influx", "influxdb://host:8086/bucket?org=my-org")
STORES = {"sqlite": SQLITE, "influxdb": INFLUX, "influxdbs": INFLUX}  # by the scheme of the URL


def encode_blocks(store: Store, points: Sequence[Points], series: SeriesTable) -> list[bytes]:
    """Points as blocks of limited size, in order; the size of a block limits the memory that encoding and sending take."""
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


def numbers(cells: Sequence[object]) -> Float64:
    """A column that was read as numbers; NaN where there is none, or where another program wrote something else."""
    if not set(map(type, cells)) <= NUMBERS:
        cells = [cell if isinstance(cell, int | float) else None for cell in cells]
    return np.asarray(cells, np.float64)


def leads(cells: Sequence[object]) -> Int32:
    """A column of leads, int32 `[n]`; 0, which is no lead, where another program wrote none or something else."""
    known = {cell: _lead(cell) for cell in set(cells)}
    return np.asarray([known[cell] for cell in cells], np.int32)


def _lead(cell: object) -> int:
    if isinstance(cell, str):  # a tag of InfluxDB
        return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) <= LEAD_DIGITS else 0
    return cell if isinstance(cell, int) and 0 < cell < 10**LEAD_DIGITS else 0


def open_store(url: str, token_file: str | None = None, tls: TlsFiles = TlsFiles("store")) -> Store:
    """The store a URL names; nothing is contacted yet.

    Args:
        url: URL of one of the `STORES`; `#`, `?` and `%` in a path or bucket are written %23, %3F and %25.
        token_file: file with the token; without it the token comes from GATECAST_INFLUX_TOKEN.
        tls: files for an encrypted connection.

    Raises:
        ConfigurationError: no store has such a URL, or a file with certificates cannot be used.
    """
    address = Address.parse(url, token_file, tls)
    if address.scheme not in STORES:
        examples = dict.fromkeys(kind.example for kind in STORES.values())
        raise ConfigurationError(f"[store] url {without_account(url)!r} is no store; write {' or '.join(examples)}")
    store: Store = import_module(STORES[address.scheme].module).open_address(address)
    return store
