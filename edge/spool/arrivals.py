"""When messages came that carry no time, by packet identifier; those of the round before are forgotten.

There are 65,535 identifiers, and brokers give them in turn. A message that comes again under an identifier is the one that was
committed under it, unless it was never taken: then that was one of the round before, which may have been equal.
"""

import sqlite3
from collections.abc import Iterable

from edge.messages.message import Arrival
from edge.spool.tables import sealed

HALF = 1 << 15  # of the identifiers
QUARTER = HALF // 2


def forgotten(newest: int) -> tuple[int, int] | None:
    """The first and the last of the identifiers that were given in the round before; None where it is too early to say.

    At least a quarter of all is left for messages that the broker may send again. A broker that gives the lowest identifier
    that is free never comes so far.

    Args:
        newest: identifier of the newest message that did not come before; 0: none.
    """
    if QUARTER <= newest < HALF:
        return HALF, 2 * HALF - 1
    return (1, HALF - 1) if newest >= HALF + QUARTER else None


def note(connection: sqlite3.Connection, arrivals: Iterable[Arrival], newest: int) -> None:
    """Write arrivals within a transaction.

    Args:
        connection: connection to the spool.
        arrivals: arrivals of the messages that carry no time.
        newest: identifier as of `forgotten`.
    """
    if (old := forgotten(newest)) is not None:
        connection.execute("DELETE FROM arrival WHERE mid BETWEEN ? AND ?", old)
    rows = ((arrival.mid, arrival.digest, arrival.time) for arrival in arrivals)
    connection.executemany("INSERT OR REPLACE INTO arrival VALUES (?, ?, ?, ?)", map(sealed, rows))


def arrival_of(connection: sqlite3.Connection, mid: int) -> Arrival | None:
    """The newest message without a time that was committed under an identifier."""
    try:
        row = connection.execute("SELECT mid, CAST(digest AS BLOB), time FROM arrival WHERE mid = ?", (mid,)).fetchone()
    except sqlite3.Error:  # the commit will say so
        return None
    return None if row is None else Arrival(*row)
