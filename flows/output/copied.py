"""What `gatecast import --history` tells."""

from edge.contract.times import iso
from pipeline.sources.copying import Copied


def copied_text(copied: Copied, url: str) -> list[str]:
    """What came in, what did not and why; one fact a line."""
    count = len(copied.series)
    if copied.span is None:
        return ["the sources of [[history]] hold no readings", "next: gatecast history"]
    lines = [
        f"{copied.written + copied.present:,} readings of {count:,} series are in {url}",
        f"  time: {iso(copied.span[0])} to {iso(copied.span[1])}",
    ]
    if copied.present:
        lines.append(f"  of these the store had already: {copied.present:,}")
    if copied.passed:
        lines.append(f"  of hours that the store has readings of its own of, left out: {copied.passed:,}")
    lines += [f"  {note}" for note in copied.notes]
    if copied.strange:
        lines.append(
            f"  in no [[ingest]] rule: {len(copied.strange):,} of {count:,} series, such as {copied.strange[0]!r}; live "
            "readings never continue them, check series and rename of [[history]]"
        )
    if copied.meters:
        others = f" and {len(copied.meters) - 1:,} more" if len(copied.meters) > 1 else ""
        lines.append(
            f"  meters, which the store does not know as such: {copied.meters[0]!r}{others}; "
            'set kind = "counter" in their [[ingest]] rule, or keep [[history]]'
        )
    return [*lines, "next: gatecast retrain" + ("" if copied.meters else "; the [[history]] sections are of no further use")]


def copied_document(copied: Copied) -> dict[str, object]:
    """The same as data."""
    return {
        "readings": copied.written + copied.present,
        "written": copied.written,
        "present": copied.present,
        "left_out": copied.passed,
        "series": len(copied.series),
        "unmatched": list(copied.strange),
        "meters": list(copied.meters),
        "first": None if copied.span is None else iso(copied.span[0]),
        "last": None if copied.span is None else iso(copied.span[1]),
        "notes": list(copied.notes),
    }
