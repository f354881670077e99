"""What `gatecast import` tells."""

from edge.contract.tables import MISDATED
from edge.contract.times import DAY, format_duration, iso
from pipeline.history.from_store import Plan
from pipeline.history.importing import Imported


def imported_text(imported: Imported, url: str, plan: Plan | None) -> list[str]:
    """What came in, what did not and why, and what `retrain` will make of it; one fact a line."""
    count = len(imported.series)
    readings = f"{imported.stored:,} readings" + (f" from {imported.rows:,} rows" if imported.repeated else "")
    lines = [
        f"{readings} of {count:,} series are in {url}",
        f"  time: {iso(imported.first)} to {iso(imported.last)}",
    ]
    if (repeated := imported.repeated) is not None:
        lines.append(
            f"  overwritten by a later row of the same series and time: {repeated.rows:,} rows, first {repeated.series!r} at "
            f"{iso(repeated.time)}"
        )
    if imported.not_finite:
        lines.append(f"  infinite values, left out: {imported.not_finite:,}")
    if imported.misdated:
        lines.append(f"  {MISDATED}, left out: {imported.misdated:,}")
    if imported.strange:
        lines.append(
            f"  in no [[ingest]] topic: {len(imported.strange):,} of {count:,} series, such as {imported.strange[0]!r}; live "
            "readings never continue them, check [[ingest]] series"
        )
    if plan is not None:
        short = plan.held < plan.needed
        needs = f"; this needs {plan.needed / DAY:.1f} days of history, the store holds {plan.held / DAY:.1f}" if short else ""
        lines.append(f"  retrain takes: {plan.contract.words}{needs}")
    ready = plan is not None and plan.held >= plan.needed
    return [*lines, "next: gatecast retrain" if ready else "next: import or collect more, then gatecast retrain"]


def imported_document(imported: Imported, plan: Plan | None) -> dict[str, object]:
    """The same as data."""
    return {
        "readings": imported.stored,
        "rows": imported.rows,
        "repeated": 0 if imported.repeated is None else imported.repeated.rows,
        "not_finite": imported.not_finite,
        "misdated": imported.misdated,
        "series": len(imported.series),
        "unmatched": list(imported.strange),
        "first": iso(imported.first),
        "last": iso(imported.last),
        "interval": None if plan is None else format_duration(plan.contract.interval),
        "window": None if plan is None else plan.contract.window,
        "horizon": None if plan is None else plan.contract.horizon,
    }
