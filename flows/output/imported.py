"""What `gatecast import` tells."""

from edge.contract.tables import MISDATED
from edge.contract.times import DAY, format_duration, iso
from pipeline.history.from_store import Needs
from pipeline.history.importing import Imported


def imported_text(imported: Imported, url: str, needs: Needs | None) -> list[str]:
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
    if needs is not None:
        short = needs.held < needs.needed
        lack = f"; this needs {needs.needed / DAY:.1f} days of history, the store holds {needs.held / DAY:.1f}" if short else ""
        lines.append(f"  retrain takes: {needs.contract.words}{lack}")
    ready = needs is not None and needs.held >= needs.needed
    return [*lines, "next: gatecast retrain" if ready else "next: import or collect more, then gatecast retrain"]


def imported_document(imported: Imported, needs: Needs | None) -> dict[str, object]:
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
        "interval": None if needs is None else format_duration(needs.contract.interval),
        "window": None if needs is None else needs.contract.window,
        "horizon": None if needs is None else needs.contract.horizon,
    }
