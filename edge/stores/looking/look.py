"""What a look at a store has shown."""

from dataclasses import dataclass

from edge.stores.size import Size


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a store.

    Args:
        product: name and version, such as `InfluxDB 1.6.7`; empty where nothing answers.
        trouble: reason why nothing more is known; None where the store can be reached.
        writes: reason why the test row could not be written; None where it was.
        reads: reason why it could not be read back, or why nothing can be read; None where it was.
        advice: command that makes what is missing, or lets the account do it; empty where nothing is.
        remains: description of what is left of the test row; empty where nothing is.
        organisation: name of the organisation of InfluxDB 2; empty where there is none.
        keep: time for which rows are kept, ns, 0 for ever; None where the store does not tell.
        untold: reason why it does not tell.
        ahead: seconds by which the store's clock is ahead of this machine's; None where it does not tell the time.
        size: room that it takes on the disk of this machine; None where it takes none here, or there is no file yet.
        fault: first damage of the file; None where it is whole.
    """

    product: str
    trouble: str | None = None
    writes: str | None = None
    reads: str | None = None
    advice: str = ""
    remains: str = ""
    organisation: str = ""
    keep: int | None = None
    untold: str = ""
    ahead: float | None = None
    size: Size | None = None
    fault: str | None = None
