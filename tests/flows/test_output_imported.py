"""What `gatecast import` tells: one fact a line."""

from dataclasses import replace

from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from flows.output.imported import imported_document, imported_text, survey_document, survey_text
from pipeline.files.importing import Imported, SeriesSeen, Survey
from pipeline.files.tally import Repeated
from pipeline.history.from_store import Needs

HOUR = 3600 * SECOND
SERIES = (SeriesSeen("a", 24, 0, 23 * HOUR, HOUR), SeriesSeen("b", 24, 0, 23 * HOUR, HOUR))
SURVEY = Survey(
    rows=48,
    not_finite=0,
    misdated=0,
    series=SERIES,
    strange=(),
    first=0,
    last=23 * HOUR,
    readings=(("a", 1, 2.0), ("b", 1, 1_234_567_890.25)),
    notes=(),
)
IMPORTED = Imported(SURVEY, stored=48, repeated=None)
ENOUGH = Needs(Contract(HOUR, 168, 24), needed=12 * DAY, held=12 * DAY)


def test_history_that_is_long_enough_leads_to_retrain() -> None:
    """What came in, its time, what retrain takes, and the next command."""
    assert imported_text(IMPORTED, "sqlite:///s.db", ENOUGH) == [
        "48 readings of 2 series are in sqlite:///s.db",
        "  series: a, b",
        "  time: 1970-01-01T00:00:00Z to 1970-01-01T23:00:00Z, every 1h",
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
        "different": 0,
        "not_finite": 0,
        "misdated": 0,
        "series": 2,
        "unmatched": [],
        "first": "1970-01-01T00:00:00Z",
        "last": "1970-01-01T23:00:00Z",
        "notes": [],
    }


def test_what_collides_and_what_was_decided_is_said() -> None:
    """One line each, with the first case."""
    repeated = Repeated(3, "a", 0, 2, "line 5, 'a' at 1970-01-01T00:00:00Z: 2 after 1")
    imported = replace(IMPORTED, stored=45, repeated=repeated, survey=replace(SURVEY, notes=("numbers have a decimal comma",)))
    lines = imported_text(imported, "sqlite:///s.db", None)
    assert lines[0] == "45 readings from 48 rows of 2 series are in sqlite:///s.db"
    assert "  numbers have a decimal comma" in lines
    rehearsed = survey_text(imported, "f.csv")
    assert rehearsed[0] == "f.csv holds 45 readings from 48 rows of 2 series; nothing was written"
    assert lines[-2] in rehearsed
    assert [survey_document(imported)[key] for key in ("stored", "rows", "repeated", "different")] == [45, 48, 3, 2]
    assert lines[-2].endswith(
        "3 rows, first 'a' at 1970-01-01T00:00:00Z; 2 of them with another value, first " + repeated.example
    )


def test_intervals_are_named_by_their_frequency() -> None:
    """The usual one first, rounded; a long list of series is cut."""
    series = tuple(
        SeriesSeen(f"s{place}", 9, 0, 1, step) for place, step in enumerate([60 * SECOND] * 25 + [HOUR, 3_599 * SECOND, 0])
    )
    imported = replace(IMPORTED, survey=replace(SURVEY, series=series))
    lines = survey_text(imported, "f.csv")
    assert lines[1] == "  series: s0, s1, s2, s3, s4 and 23 more"
    assert lines[2].endswith(", every 1min (others 1h)")
    assert "  and 8 more series" in lines
    assert "    1970-01-01T00:00:00.000000001Z  a  2" in lines
    assert "    1970-01-01T00:00:00.000000001Z  b  1234567890.25" in lines
    assert [known["interval"] for known in survey_document(imported)["series"]][-1] is None  # type: ignore[attr-defined]
