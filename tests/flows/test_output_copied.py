"""What `gatecast import --history` tells."""

from dataclasses import replace

from edge.contract.times import SECOND
from flows.output.copied import copied_document, copied_text
from pipeline.sources.copying import Copied

COPIED = Copied(
    3,
    2,
    1,
    ("a", "b"),
    ("b",),
    (),
    (1_767_225_600 * SECOND, 1_767_229_200 * SECOND),
    ("[[history]] c: texts: 1, such as 'on'",),
)


def test_what_came_in_and_what_did_not() -> None:
    """One fact a line."""
    strange = "live readings never continue them, check series and rename of [[history]]"
    assert copied_text(COPIED, "sqlite:///s.db") == [
        "5 readings of 2 series are in sqlite:///s.db",
        "  time: 2026-01-01T00:00:00Z to 2026-01-01T01:00:00Z",
        "  of these the store had already: 2",
        "  of hours that the store has readings of its own of, left out: 1",
        "  [[history]] c: texts: 1, such as 'on'",
        f"  in no [[ingest]] rule: 1 of 2 series, such as 'b'; {strange}",
        "next: gatecast retrain; the [[history]] sections are of no further use",
    ]
    mend = 'set kind = "counter" in their [[ingest]] rule, or keep [[history]]'
    assert copied_text(replace(COPIED, meters=("b", "m")), "")[-2:] == [
        f"  meters, which the store does not know as such: 'b' and 1 more; {mend}",
        "next: gatecast retrain",
    ]
    nothing = replace(COPIED, span=None, series=(), written=0, present=0)
    assert copied_text(nothing, "")[0] == "the sources of [[history]] hold no readings"
    assert copied_document(nothing)["first"] is None
    assert copied_document(COPIED)["readings"] == 5
