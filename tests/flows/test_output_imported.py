"""What `gatecast import` tells: one fact a line."""

from dataclasses import replace

from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from flows.output.imported import imported_document, imported_text
from pipeline.history.from_store import Needs
from pipeline.history.importing import Imported

HOUR = 3600 * SECOND
IMPORTED = Imported(
    rows=48, stored=48, not_finite=0, misdated=0, repeated=None, series=("a", "b"), strange=(), first=0, last=23 * HOUR
)
ENOUGH = Needs(Contract(HOUR, 168, 24), needed=12 * DAY, held=12 * DAY)


def test_history_that_is_long_enough_leads_to_retrain() -> None:
    """What came in, its time, what retrain takes, and the next command."""
    assert imported_text(IMPORTED, "sqlite:///s.db", ENOUGH) == [
        "48 readings of 2 series are in sqlite:///s.db",
        "  time: 1970-01-01T00:00:00Z to 1970-01-01T23:00:00Z",
        "  retrain takes: interval 1h, looks back 7d, ahead 1d",
        "next: gatecast retrain",
    ]


def test_history_that_is_too_short_says_how_much_is_missing() -> None:
    """Days needed and held."""
    short = replace(ENOUGH, held=DAY)
    *_, needed, following = imported_text(IMPORTED, "sqlite:///s.db", short)
    assert needed.endswith("ahead 1d; this needs 12.0 days of history, the store holds 1.0")
    assert following == "next: import or collect more, then gatecast retrain"


def test_without_a_plan_the_document_has_no_interval() -> None:
    """One reading of each series tells no interval; None stands for what is not known."""
    known, unknown = imported_document(IMPORTED, ENOUGH), imported_document(IMPORTED, None)
    assert [known[key] for key in ("interval", "window", "horizon")] == ["1h", 168, 24]
    assert [unknown[key] for key in ("interval", "window", "horizon")] == [None, None, None]
    assert {key: value for key, value in unknown.items() if value == known[key]} == {
        "readings": 48,
        "rows": 48,
        "repeated": 0,
        "not_finite": 0,
        "misdated": 0,
        "series": 2,
        "unmatched": [],
        "first": "1970-01-01T00:00:00Z",
        "last": "1970-01-01T23:00:00Z",
    }
