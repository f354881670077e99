"""`gatecast series` and `gatecast forecast` on real stores."""

import json
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from edge.contract.times import DAY, SECOND
from edge.stores.asking.rows import Newest, Scored
from flows.cli import make_parser
from flows.commands.looking.outlook import on_the_grid
from flows.commands.looking.outlook_text import sparkline
from flows.commands.looking.series_text import forecaster, moment, series_document, series_text
from flows.commands.looking.standing import (
    SORTS,
    State,
    in_order,
    matching,
    nobody,
    standings,
)
from tests.support.commands import call
from tests.support.looked_at import HOUR, START, fill, write_config

NOW = 1_790_000_000 * SECOND
LIVE = Newest("a", NOW - HOUR, 1.0, origin=NOW - HOUR, model="gru", interval=HOUR)
ZONE = timezone(timedelta(hours=2), "CEST")


def state(series: Newest, *others: Newest, interval: int | None = HOUR) -> tuple[State, str, int | None]:
    """How the first series stands beside others."""
    row = standings([series, *others], {}, interval, NOW)[0]
    return row.state, row.reason, row.since


def test_a_series_with_new_readings_and_forecasts_is_live() -> None:
    """Up to twenty intervals without a reading, and a forecast that is three intervals behind."""
    assert state(LIVE) == (State.LIVE, "", None)
    assert state(replace(LIVE, time=NOW - 20 * HOUR, origin=NOW - 23 * HOUR))[0] is State.LIVE


def test_a_series_without_new_readings_is_silent() -> None:
    """Since its last one, as the agent says it; a longer interval has more patience."""
    old = replace(LIVE, time=NOW - 20 * HOUR - 1)
    assert state(old) == (State.SILENT, "check the sensor, its battery and its connection", old.time)
    assert state(replace(old, interval=2 * HOUR))[0] is State.LIVE
    assert state(Newest("b", NOW - 20 * DAY - 1, 1.0), interval=None)[0] is State.SILENT


def test_a_series_without_forecasts_says_why() -> None:
    """No agent at all, readings from before the agent, or one that the agent does not forecast."""
    new = Newest("b", NOW - HOUR, 1.0)
    assert state(new)[:2] == (
        State.NEVER,
        "no agent has forecast anything yet: gatecast-agent check says whether one is ready",
    )
    assert "max_series" in state(new, LIVE)[1]
    assert "imported" in state(replace(new, time=NOW - 10 * HOUR), LIVE)[1]


def test_forecasts_that_stopped_say_since_when() -> None:
    """Of all series: the agent; of one: its slot."""
    behind = replace(LIVE, origin=NOW - 6 * HOUR)
    assert state(behind) == (State.STOPPED, "is gatecast-agent running?", behind.origin)
    assert "slot" in state(behind, LIVE)[1]


def test_what_wants_a_look_comes_first() -> None:
    """By each column; what has none comes last."""
    names = {"a": LIVE, "b": replace(LIVE, name="b", time=NOW - 30 * HOUR), "c": replace(LIVE, name="c", origin=None)}
    errors = {"a": Scored(4, 1.0, 2.0), "b": Scored(4, 3.0, 2.0)}
    rows = standings(names.values(), errors, HOUR, NOW)
    orders = {sort: "".join(row.series.name for row in in_order(rows, sort)) for sort in SORTS}
    assert orders == {"name": "abc", "last": "bac", "error": "bac", "gain": "bac", "state": "cba"}
    assert [row.gain for row in rows] == [0.5, -0.5, None]


def test_names_are_chosen_by_a_pattern() -> None:
    """A name that looks like a pattern is itself; one that nobody has is answered with the nearest."""
    assert matching(["freezer.a", "freezer.b", "roof"], "freezer.*") == {"freezer.a", "freezer.b"}
    assert matching(["a[1]", "a1"], "a[1]") == {"a[1]", "a1"}
    assert nobody("rof", ["roof", "yard"]) == "the store has no series 'rof'; did you mean 'roof'?"
    assert nobody("x", ["roof", "yard"]) == "the store has no series 'x'; there are roof, yard"
    assert "gatecast import" in nobody("x", [])


def test_times_are_those_of_the_reader() -> None:
    """A time of today has no date."""
    assert moment(NOW, NOW, ZONE) == "16:13:20"
    assert moment(NOW - DAY, NOW, ZONE) == "2026-09-20 16:13"


def test_a_forecaster_is_named_in_short() -> None:
    """Cell and hash of a version; a baseline as it is."""
    assert forecaster("20261129T035249Z-lstm-f0bd0f2c") == "lstm f0bd0f2c"
    assert forecaster("seasonal_naive_day") == "seasonal_naive_day"


def test_the_table_fits_a_terminal() -> None:
    """80 columns with fewer columns of its own; names of others cannot write lines."""
    long = replace(LIVE, name="building.floor.room.temperature", unit="°C", model="seasonal_naive_week", value=21.375)
    odd = replace(LIVE, name="x\n\x1b[2J", time=NOW - 40 * HOUR)
    rows = standings([long, odd], {"x": Scored(1, 1.0, 1.0)}, HOUR, NOW)
    for width in (80, 120):
        table = series_text(rows, DAY, NOW, ZONE, width=width)
        assert max(map(len, table.splitlines())) <= width
        assert r"x\n\x1b[2J" in table
    assert "21.38 °C" in table
    assert "2 series: 1 live, 1 silent; times are CEST" in table
    assert "silent (1): check the sensor" in table
    assert series_document(rows, DAY)["error_over_seconds"] == 86_400


def test_a_forecast_far_behind_yesterday_is_told_in_words() -> None:
    """Beside an error of nearly 0 or 0; it comes first by gain, and a program has the number, or null beside 0."""
    errors = {"a": Scored(4, 0.01, 0.00001), "b": Scored(4, 0.01, 0.0), "c": Scored(4, 0.0, 0.0)}
    rows = standings([replace(LIVE, name=name) for name in "abc"], errors, HOUR, NOW)
    lines = series_text(rows, DAY, NOW, ZONE).splitlines()
    assert [("far worse" in line, "%" in line) for line in lines[1:4]] == [(True, False), (True, False), (False, False)]
    assert lines[7] == "far worse: more than twice the error of the value one day before;"
    assert "far worse" not in series_text(rows[2:], DAY, NOW, ZONE)
    assert [row.series.name for row in in_order(rows, "gain")] == ["b", "a", "c"]
    document = json.loads(json.dumps(series_document(rows, DAY)))
    assert [row["gain"] for row in document["series"]] == [pytest.approx(-999), None, None]


def test_series_of_a_real_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors and gain by hand: 1 and 3 beside 2 and 6; recorded readings are as old as the newest of them."""
    config = write_config(tmp_path)
    fill(tmp_path)
    code, out, err = call(capsys, "series", "--config", config)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == [
        "series",
        "last",
        "at",
        "every",
        "forecast",
        "by",
        "error",
        "naive",
        "gain",
        "coverage",
        "state",
    ]
    assert "1h" in lines[1]
    code, out, _ = call(capsys, "series", "--config", config, "roof.*", "--json", "--sort", "gain")
    (row,) = json.loads(out)["series"]
    assert row == {
        "name": "roof.t",
        "last": 2.5,
        "time": "2026-09-21T15:00:00Z",
        "interval_seconds": 3600.0,
        "unit": "°C",
        "forecast_by": "20261129T035249Z-lstm-f0bd0f2c",
        "origin": "2026-09-21T15:00:00Z",
        "scores": 2,
        "error": 2.0,
        "naive_error": 4.0,
        "gain": 0.5,
        "coverage": 0.5,
        "state": "live",
        "since": None,
        "reason": None,
    }
    assert START % HOUR == 0


def test_a_series_that_is_not_there_and_an_empty_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and what to do next."""
    config = write_config(tmp_path)
    code, out, err = call(capsys, "series", "--config", config)
    assert (code, out) == (1, "")
    assert "gatecast import FILE" in err
    fill(tmp_path)
    assert call(capsys, "series", "--config", config, "rof.t")[2].endswith("did you mean 'roof.t'?\n")


def test_orders_of_the_option_are_those_of_the_table() -> None:
    """The option is read before anything is loaded."""
    for sort in SORTS:
        assert make_parser().parse_args(["series", "--sort", sort]).sort == sort


def test_blocks_rise_with_the_values() -> None:
    """A gap is a blank, equal values lie in the middle, and of many every n-th is shown."""
    assert sparkline(np.array([0.0, np.nan, 7.0, 3.5]), 10) == "▁ █▅"
    assert sparkline(np.array([2.0, 2.0]), 10) == "▅▅"
    assert sparkline(np.arange(20.0), 10) == sparkline(np.arange(20.0)[::2], 10)
    assert sparkline(np.full(3, np.nan), 10) == ""


def test_facts_lie_on_the_grid() -> None:
    """The mean of each interval; nothing where there is no reading."""
    time = START + np.array([0, HOUR // 2, 2 * HOUR])
    facts = on_the_grid(time, np.array([1.0, 3.0, 5.0]), (START, START + 3 * HOUR), HOUR, "mean")
    assert [None if fact != fact else fact for fact in facts.tolist()] == [2.0, None, 5.0]  # noqa: PLR0124


def test_forecast_of_a_real_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest two hours of the newest origin, the others of the one before; unit, blocks and picture."""
    config, picture = write_config(tmp_path), tmp_path / "a.png"
    fill(tmp_path)
    code, out, err = call(capsys, "forecast", "roof.t", "--config", config, "--picture", picture)
    assert (code, err) == (0, "")
    assert out.startswith("roof.t in °C, every 1h, forecast by lstm f0bd0f2c\n")
    worth = (
        "last 1d: error 2.00 °C, naive (the value one day before) 4.00 °C,\ngain +50.0 % (1 - error / naive), coverage 50.0 %"
    )
    assert worth in out.replace("\N{NO-BREAK SPACE}", " ")
    assert max(len(line) for line in out.splitlines() if not line.startswith("picture: ")) <= 80
    assert "│" in out
    assert "are of an earlier forecast:\nthe agent stores what is far ahead less often" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    document = json.loads(call(capsys, "forecast", "roof.t", "--config", config, "--json")[1])
    assert (document["origin"], document["unit"], document["levels"]["q90"]) == ("2026-09-21T15:00:00Z", "°C", 0.9)
    assert [row["lead"] for row in document["forecast"]] == [1, 2, 4, 5, 6]
    first = {"time": "2026-09-21T15:00:00Z", "origin": "2026-09-21T15:00:00Z", "lead": 1, "q10": -1.0, "q50": 0.5, "q90": 2.0}
    assert document["forecast"][0] == first
    assert document["facts"][-1] == {"time": "2026-09-21T14:00:00Z", "value": 1.0}


@pytest.mark.parametrize(
    ("naive", "better"),
    [(1e-5, "far better here: error 2.00 °C beside 0.0000100 °C"), (0.0, "exact here: error 2.00 °C beside 0 °C")],
)
def test_a_forecast_says_where_yesterday_is_far_better(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], naive: float, better: str
) -> None:
    """In place of a gain of -20,000,000 %, which says nothing."""
    config = write_config(tmp_path)
    fill(tmp_path, naive=naive)
    out = call(capsys, "forecast", "roof.t", "--config", config)[1]
    assert f"last 1d: yesterday repeated is {better},\ncoverage 50.0 % (facts in the interval)\n" in out
    assert "gain" not in out


def test_a_series_without_a_forecast_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As one that nobody has is answered with the nearest name, and a picture that is no PNG is refused."""
    config = write_config(tmp_path)
    fill(tmp_path)
    assert call(capsys, "forecast", "yard.t", "--config", config)[2].startswith("gatecast: 'yard.t' has no forecast: too few")
    code, out, err = call(capsys, "forecast", "rof.t", "--config", config)
    assert (code, out) == (1, "")
    assert err.endswith("did you mean 'roof.t'?\n")
    assert call(capsys, "forecast", "roof.t", "--config", config, "--picture", tmp_path / "a.pdf")[0] == 2
