"""Whether a success comes from an InfluxDB: anything may answer 204, so it is believed where it was checked."""

from collections.abc import Callable

import msgspec

from edge.errors import StoreDenied, StoreError
from edge.stores.influx_answers import Answer, Part, count_rows

Ask = Callable[[str, list[tuple[str, str]]], Answer]  # gives the answer to a GET of a path with a query


class Proof:
    """What is known of the server behind a URL; a server that signs its answers is asked nothing.

    InfluxDB signs: 1.x, 2.1 and later the answer to each write, 2.0 and 3.1 that to `/ping`. Where a proxy takes the signature
    off, the last row has to come back.

    Args:
        url: URL of the server, for the message.
    """

    def __init__(self, url: str) -> None:
        self._url, self._vouched, self._is_given = url, False, False

    def vouch(self) -> None:
        """The user says that the server stores what it answers 204 to."""
        self._vouched = True

    def forget(self) -> None:
        """After an outage another server may stand in the place of this one."""
        self._is_given = False

    def demand(self, answer: Answer, block: bytes, database: list[tuple[str, str]], ask: Ask) -> bool:
        """Make sure that the rows of a write are stored, once until `forget`; at most two requests.

        Args:
            answer: answer to the write, of a success.
            block: the lines that were written.
            database: names of the bucket in the 1.x API.
            ask: function that sends a GET.

        Returns:
            Whether to write the rows again: an InfluxDB is there now, but another server may have taken them.

        Raises:
            StoreBusy: there is no answer.
            StoreDenied: nothing says that this is an InfluxDB, or that it has the row.
        """
        if self._vouched or self._is_given or answer.is_signed:
            return False
        measurement, time = _last_row(block)
        query = f'SELECT * FROM "{measurement}" WHERE time = {time} LIMIT 1'
        signed = ask("/ping", []).is_signed
        if not signed:
            rows = self._rows(ask, [*database, ("epoch", "ns"), ("q", query)])
            signed = rows.is_signed
            if not (signed or _has_row(rows, time)):
                raise StoreDenied(
                    f"{self._url} answers 204 to a write, and nothing proves that it stores the rows: no header "
                    "X-Influxdb-Version, also none from /ping, and the last row cannot be read; check [store] url, let the "
                    "token read the bucket, or write checked=no behind the ? of the URL if it is right"
                )
        self._is_given = True
        return signed

    @staticmethod
    def _rows(ask: Ask, query: list[tuple[str, str]]) -> Answer:
        try:
            return ask("/query", query)
        except StoreError:  # of a server that takes rows and answers no query
            return Answer(404)


def _last_row(block: bytes) -> tuple[str, int]:
    """Measurement and time, ns UTC, of the last row of a block of line protocol; 0 where it has no time."""
    line = block.rstrip(b"\n").rpartition(b"\n")[2]
    time = line.rpartition(b" ")[2]
    return next(iter(count_rows(line)), ""), int(time) if time.lstrip(b"-").isdigit() else 0


def _has_row(answer: Answer, time: int) -> bool:
    """Whether the answer to a query has a row of that time."""
    try:
        document = msgspec.json.decode(answer.body, type=Part)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return any(time in row for result in document.results for series in result.series for row in series.values)
