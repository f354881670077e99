"""When the fleet has its readings: a clock that was never set, or is years ahead, does not decide that. No I/O."""

from edge.contract.columns import Bool
from pipeline.history.cells import Grid

FEW = 0.01  # share of the filled intervals
LONG = 1_000  # intervals; a shorter history is small, whatever is in it
PART = 8  # a gap longer than this part of the history separates what few series have from what most have


def fleet_span(grid: Grid) -> range:
    """Numbers of the intervals between which the fleet's readings lie.

    What is cut off lies beyond a gap: few readings beyond one that is longer than all the rest of the time, or those of
    less than half as many series as are on the other side, where they are few or those series have no others.

    Args:
        grid: complete grid.
    """
    first, last = grid.first, grid.last
    below, above = 0, grid.filled  # cells before what is kept, and until its end
    begins, ends = (moments // grid.interval for moments in (grid.arrivals.first, grid.arrivals.last))
    while last - first >= LONG:
        for gap, edge, until in grid.gaps.tolist():  # the widest first
            if not first <= edge < last:
                continue
            early, late = (begins <= edge) & (ends >= first), (ends > edge) & (begins <= last)
            cells = until - below, above - until
            if cells[0] < cells[1] and _is_stray(cells, (early, late), gap, last - (edge + gap)):
                first, below = edge + gap, until
                break
            if cells[1] < cells[0] and _is_stray(cells[::-1], (late, early), gap, edge - first):
                last, above = edge, until
                break
        else:
            break
    return range(first, last + 1)


def _is_stray(cells: tuple[int, int], owners: tuple[Bool, Bool], gap: int, rest: int) -> bool:
    """Whether the smaller side of a gap is to be left out.

    Args:
        cells: number of cells on the smaller side, and on the other one.
        owners: series that have cells on the smaller side, and on the other one, bool `[series]` each.
        gap: length of the gap in intervals.
        rest: length of the larger side in intervals.
    """
    few = cells[0] < FEW * sum(cells)
    if few and gap > rest:
        return True
    alone = not (owners[0] & owners[1]).any()
    return (few or alone) and 2 * int(owners[0].sum()) < int(owners[1].sum()) and PART * gap > rest
