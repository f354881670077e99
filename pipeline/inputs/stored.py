"""The history of inputs that agents have written into the store, each value with the moment at which it was told."""

from edge.contract.ahead.issues import Issues
from edge.contract.times import DAY
from edge.inputs.recorded import issues_in
from edge.stores.store import Store

BEFORE, AFTER = 2 * DAY, 40 * DAY  # of the readings: as far as values before and after them can be of use


def stored_issues(store: Store) -> dict[str, Issues]:
    """The values of inputs around the readings of a store, by the name of the input.

    Raises:
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    span = store.span()
    return {} if span is None else issues_in(store, span[0] - BEFORE, span[1] + AFTER)
