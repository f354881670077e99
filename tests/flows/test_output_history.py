"""What `gatecast history` tells."""

from dataclasses import replace

from edge.contract.contract import Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import SECOND
from flows.output.history import MOST, survey_document, survey_text
from pipeline.sources.spacings import Spacing
from pipeline.sources.survey import Survey, SurveyedSeries, SurveyedSource

HOUR = 3600 * SECOND
SPACING = Spacing(1_000, 1_767_225_600 * SECOND, 1_770_000_000 * SECOND, HOUR + SECOND, 3, 50 * HOUR)
METER = SurveyedSeries("sensor.meter", SPACING, Meaning("counter", unit="kWh"), live=True, meter=True)
OTHER = SurveyedSeries("cpu", replace(SPACING, usual=420 * SECOND, gaps=0), GAUGE, live=False, meter=False)
SOURCE = SurveyedSource("[[history]] sqlite:///a", (METER, OTHER), ("texts, left out: 3, such as 'on'",))
CONTRACT = Contract(HOUR, 168, 24, (0.1, 0.5, 0.9))
SURVEY = Survey((SurveyedSource("[store] b", ()), SOURCE), CONTRACT, {"sensor.meter": None, "cpu": "never changes"}, None)


def test_a_table_says_what_there_is_and_lines_say_what_to_do() -> None:
    """Interval, gaps, unit, live and usable, with the reason below."""
    text = survey_text(SURVEY)
    assert text.splitlines()[0] == "[store] b: no readings"
    meter, other = (next(line for line in text.splitlines() if line.startswith(name)) for name in ("sensor.meter", "cpu"))
    assert meter.split() == [
        "sensor.meter",
        "1,000",
        "2026-01-01",
        "2026-02-02",
        "1h",
        "3",
        "to",
        "50h",
        "kWh",
        "counter",
        "yes",
        "yes",
    ]
    assert other.split() == ["cpu", "1,000", "2026-01-01", "2026-02-02", "7min", "0", "–", "no", "no"]  # noqa: RUF001 - a dash
    assert "  not usable: 'cpu': never changes" in text
    assert "  texts, left out: 3, such as 'on'" in text
    assert "meters here, and none by [[ingest]]: 'sensor.meter'; set kind" in text
    assert text.splitlines()[-1] == f"retrain takes 1 of 2 series: {CONTRACT.words}"


def test_names_that_never_come_live_are_said() -> None:
    """Where that is all of them."""
    strangers = replace(SOURCE, series=(OTHER,) * (MOST + 5))
    text = survey_text(Survey((strangers, SOURCE), None, {}, "too short"))
    assert "no rule of [[ingest]] gives a name such as 'cpu'" in text
    assert "and 5 more series; --json lists all" in text
    assert "series stand in more than one source, such as 'cpu'" in text
    assert text.splitlines()[-1] == "retrain takes nothing yet: too short"


def test_a_document_has_every_series() -> None:
    """With its problem."""
    source = survey_document(SURVEY)["sources"][1]  # type: ignore[index]
    assert source["series"][1] == {
        "series": "cpu",
        "readings": 1000,
        "first": "2026-01-01T00:00:00Z",
        "last": "2026-02-02T02:40:00Z",
        "interval_seconds": 420.0,
        "gaps": 0,
        "longest_seconds": 180000.0,
        "unit": None,
        "kind": "gauge",
        "live": False,
        "problem": "never changes",
    }


def test_a_length_of_time_is_short_and_names_are_mended_where_they_are_made() -> None:
    """No length has nanoseconds, no table folds its cells, and only `[[history]]` has a `rename` of its own."""
    spacing = replace(SPACING, usual=468_632_012, longest=18_770 * 60 * SECOND)
    series = SurveyedSeries("cellar." * 12 + "energy", spacing, METER.meaning, live=False, meter=False)
    text = survey_text(
        Survey((SurveyedSource("[store] b", (series,)), replace(SOURCE, series=(series,))), None, {}, "too short")
    )
    row = next(line for line in text.splitlines() if line.startswith("cellar."))
    assert row.split()[1:] == ["1,000", "2026-01-01", "2026-02-02", "469ms", "3", "to", "13d", "kWh", "counter", "no", "no"]
    stored, read = (line for line in text.splitlines() if "never go on live" in line)
    assert stored.endswith("so these series never go on live: set [[ingest]] series")
    assert read.endswith("so these series never go on live: set rename of this [[history]], or [[ingest]] series")
