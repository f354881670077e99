"""The clock of a web server beside ours, by the `Date` of its answer (RFC 9110, 6.6.1)."""

from email.utils import parsedate_to_datetime


def seconds_ahead(date: str, moment: float) -> float | None:
    """Seconds by which the server's clock is ahead of ours; None where it does not tell the time.

    A `Date` has whole seconds: half a second is the best guess of the rest.

    Args:
        date: header of the answer.
        moment: time of the answer by our clock, seconds since 1970 UTC.
    """
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - moment
    except (TypeError, ValueError, OverflowError):
        return None
