"""The history of inputs that agents have written into the store, each value with the moment at which it was told."""

from edge.contract.ahead.issues import Issues
from edge.contract.columns import SeriesTable
from edge.contract.schema import INPUT, ISSUED, VALUE
from edge.contract.times import DAY
from edge.inputs.kept import of_points
from edge.stores.store import Store

BEFORE, AFTER = 2 * DAY, 40 * DAY  # of the readings: as far as values before and after them can be of use


def stored_issues(store: Store) -> dict[str, Issues]:
    """The values of inputs around the readings of a store, by the name of the input.

    Raises:
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    span, names, parts = store.span(), SeriesTable(), dict[str, list[Issues]]()
    if span is None:
        return {}
    fields = [VALUE.name, ISSUED.name]
    for points in store.read(INPUT, fields, span[0] - BEFORE, span[1] + AFTER, names):
        for index, issues in of_points(points).items():
            parts.setdefault(names.names[index], []).append(issues)
    return {name: Issues.concatenate(issues) for name, issues in parts.items()}
