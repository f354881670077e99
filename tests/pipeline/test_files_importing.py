"""A file's readings in the store: what is said to be there was counted there.

Kind of fault: counts of what was sent reported as what is there, and rows that overwrite others without a word.
"""

import contextlib
import threading
from collections.abc import Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import READING
from edge.contract.times import SECOND
from edge.errors import GatecastError, HistoryError
from edge.stores.sqlite import SqliteStore
from edge.stores.store import open_store
from edge.tables.options import TableOptions
from pipeline.files.importing import SeriesSeen, import_file, survey_file
from pipeline.files.reading import File
from pipeline.files.tally import Repeated
from tests.support.ingests import ingest
from tests.support.servers import Influx

INGESTS = [ingest("sensors/{site}/{metric}", "{site}.{metric}")]


class Forgetful(SqliteStore):
    """Takes every block and keeps one in so many, as a server that is no store but answers 2xx."""

    def __init__(self, path: Path, keeps: int) -> None:
        super().__init__(path)
        self._keeps, self._blocks = keeps, 0

    def write(self, *blocks: bytes) -> None:
        """Believe some blocks away."""
        self._blocks += 1
        if self._keeps and self._blocks % self._keeps == 0:
            super().write(*blocks)


def csv(path: Path, rows: Sequence[str], header: str = "time,h.a,h.b") -> Path:
    """A wide file."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def opened(path: Path) -> File:
    """The file as it is read now."""
    return File.of(path)


def test_rows_at_the_same_time_are_told_apart_from_what_is_stored(tmp_path: Path) -> None:
    """The repeated hour of autumn in local time: the store has fewer readings than the file has rows, and that is said."""
    rows = ["2025-10-26T01:00:00,1,5", "2025-10-26T02:00:00,2,", "2025-10-26T02:00:00,3,", "2025-10-26T03:00:00,4,inf"]
    store = SqliteStore(tmp_path / "s.db")
    found = import_file(opened(csv(tmp_path / "f.csv", rows)), store, INGESTS)
    assert (found.survey.rows, found.stored, found.survey.not_finite) == (5, 4, 1)
    assert found.repeated is not None
    assert (found.repeated.rows, found.repeated.series, found.repeated.time) == (1, "h.a", 1_761_444_000 * SECOND)
    assert (found.repeated.different, found.repeated.example) == (1, "line 4, 'h.a' at 2025-10-26T02:00:00Z: 3 after 2")
    (page,) = store.read(READING, ["value"], 0, 2**62, SeriesTable())
    assert sorted(page.fields["value"]) == [1.0, 3.0, 4.0, 5.0]
    assert (found.survey.first, found.survey.last) == (1_761_440_400 * SECOND, 1_761_447_600 * SECOND)
    assert found.survey.strange == ()
    store.close()


def test_a_second_import_says_the_same(tmp_path: Path) -> None:
    """What is there already is there; readings of others in the store do not count."""
    store, path = (
        SqliteStore(tmp_path / "s.db"),
        csv(tmp_path / "f.csv", [f"2026-01-01T{hour:02}:00:00,1,2" for hour in range(9)]),
    )
    other = Points(READING, np.zeros(1, np.int32), np.array([1_767_229_200 * SECOND]), {"value": np.ones(1)})
    store.write(store.encode([other], SeriesTable(["other"])))
    found = import_file(opened(path), store, INGESTS)
    assert (found.survey.rows, found.stored, found.repeated) == (18, 18, None)
    assert import_file(opened(path), store, INGESTS) == found
    store.close()


@pytest.mark.parametrize(("keeps", "missing"), [(0, "18,000"), (2, "10,000")])
def test_a_store_that_does_not_hold_what_it_took_is_no_success(keeps: int, missing: str, tmp_path: Path) -> None:
    """Every write succeeded, and the count in the store says otherwise: one line with the series that lacks most."""
    store = Forgetful(tmp_path / "s.db", keeps)
    rows = [f"{1_767_225_600 + minute * 60},1,{minute}" for minute in range(9_000)]
    path = csv(tmp_path / "f.csv", rows)
    with pytest.raises(HistoryError, match=rf"took all 18,000 readings, but {missing} .* series 'h\.a'.* of 9,000"):
        import_file(opened(path), store, INGESTS)
    store.close()


def test_names_that_no_topic_gives_are_listed(tmp_path: Path) -> None:
    """Their history would never meet a live reading."""
    path = csv(tmp_path / "f.csv", ["2026-01-01,1,2,3"], "time,h.a,sensors/h/a,lonely")
    store = SqliteStore(tmp_path / "s.db")
    found = import_file(opened(path), store, INGESTS)
    assert [series.name for series in found.survey.series] == ["h.a", "sensors/h/a", "lonely"]
    assert found.survey.strange == ("sensors/h/a", "lonely")
    store.close()


def test_a_name_that_no_topic_could_have_is_refused_in_a_short_line(tmp_path: Path) -> None:
    """A file without line breaks has a header of megabytes; nothing of it is stored, or printed whole."""
    path = csv(tmp_path / "long.csv", ["2026-01-01T00:00:00Z,1"], "time," + "x" * 5_000)
    store = SqliteStore(tmp_path / "store.db")
    with pytest.raises(HistoryError, match="at most 1024 characters, as topics have; got one of 5,000: 'xxx") as caught:
        import_file(opened(path), store, [])
    assert len(str(caught.value)) < 400 + len(str(path))
    assert store.span() is None
    store.close()


def test_a_file_of_infinities_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """No reading, no success."""
    with pytest.raises(HistoryError, match="got 2 infinite values and 0 readings of other times"):
        import_file(opened(csv(tmp_path / "f.csv", ["2026-01-01,inf,-inf"])), SqliteStore(tmp_path / "s.db"), INGESTS)
    assert not (tmp_path / "s.db").exists()


class LoginPage(BaseHTTPRequestHandler):
    """Answers everything with success and a page."""

    def do_GET(self) -> None:
        """As a portal does that wants a password first."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        page = b"<html>please log in</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self) -> None:
        """As `do_GET`."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Be silent."""


def test_a_login_page_that_answers_success_is_no_store(tmp_path: Path) -> None:
    """A success is believed when it was seen in the store."""
    with ThreadingHTTPServer(("127.0.0.1", 0), LoginPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        store = open_store(f"influxdb://127.0.0.1:{server.server_port}/bucket?org=home")
        try:
            with pytest.raises(GatecastError, match="InfluxDB"):
                import_file(opened(csv(tmp_path / "f.csv", ["2026-01-01,1,2"])), store, INGESTS)
        finally:
            store.close()
            server.shutdown()
            thread.join()


@pytest.mark.servers
def test_an_import_into_influxdb_is_counted_there(
    influx: Influx, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags, repeated times and all: the same numbers as with a file."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", influx.token)
    rows = [f"{1_767_225_600 + minute * 60},1,{minute}" for minute in range(6_000)]
    store = open_store(influx.store_url(bucket))
    found = import_file(opened(csv(tmp_path / "f.csv", [*rows, *rows[:10]])), store, INGESTS)
    store.close()
    assert (found.survey.rows, found.stored) == (12_020, 12_000)
    assert found.repeated == Repeated(20, "h.a", 1_767_225_600 * SECOND, 0)
    assert influx.query(bucket, 'SELECT count("value") FROM "reading"')[0]["count"] == 12_000


@pytest.mark.servers
def test_a_name_that_influxdb_writes_in_another_way_is_counted(
    influx: Influx, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line protocol has no backslash and no line break in a tag: what was stored is not reported as lost."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", influx.token)
    names = ["plc1\\temp", "tail\\", "a b,c=d", "two\nlines"]
    rows = [f'"{name}",{1_767_225_600 + minute * 60},{minute}' for name in names for minute in range(5)]
    store = open_store(influx.store_url(bucket))
    found = import_file(opened(csv(tmp_path / "f.csv", rows, "series,time,value")), store, INGESTS)
    store.close()
    assert found.stored == 20


def test_a_row_of_1970_costs_itself(tmp_path: Path) -> None:
    """It is not stored, it is counted, and the rest of the file comes in."""
    rows = ["1970-01-01T00:00:00,7,8", "2026-01-01T00:00:00,1,2", "2101-01-01T00:00:00,3,", "2026-01-01T01:00:00,5,6"]
    store = SqliteStore(tmp_path / "s.db")
    imported = import_file(opened(csv(tmp_path / "f.csv", rows)), store, INGESTS)
    assert (imported.survey.rows, imported.stored, imported.survey.misdated, imported.repeated) == (4, 4, 3, None)
    (page,) = store.read(READING, ["value"], -(2**62), 2**62, SeriesTable())
    assert sorted(page.fields["value"]) == [1.0, 2.0, 5.0, 6.0]
    store.close()


def test_a_file_of_wrong_clocks_alone_is_refused(tmp_path: Path) -> None:
    """Nothing is left of it; the line says what is there."""
    store = SqliteStore(tmp_path / "s.db")
    with pytest.raises(HistoryError, match="got 0 infinite values and 2 readings of other times"):
        import_file(opened(csv(tmp_path / "f.csv", ["1970-01-01T00:00:00,7,8"])), store, INGESTS)
    store.close()


def test_local_time_keeps_both_halves_of_the_repeated_hour(tmp_path: Path) -> None:
    """With the zone named no row overwrites another; without it the hour before is lost, and that is said."""
    moments = range(1_761_350_400, 1_761_523_200, 900)
    berlin = ZoneInfo("Europe/Berlin")
    rows = [f"{datetime.fromtimestamp(moment, berlin):%Y-%m-%d %H:%M:%S},{moment}" for moment in moments]
    path = csv(tmp_path / "f.csv", rows, "time,h.a")
    store = SqliteStore(tmp_path / "s.db")
    found = import_file(File.of(path, TableOptions(timezone="Europe/Berlin")), store, INGESTS)
    assert (found.stored, found.repeated) == (len(rows), None)
    (page,) = store.read(READING, ["value"], 0, 2**62, SeriesTable())
    assert (page.time // SECOND).tolist() == list(page.readings().value) == list(moments)
    store.close()
    other = SqliteStore(tmp_path / "utc.db")
    wrong = import_file(File.of(path), other, INGESTS)
    assert (wrong.stored, wrong.repeated is not None and wrong.repeated.different) == (len(rows) - 4, 4)
    assert "taken as UTC" in wrong.survey.notes[0]
    other.close()


def test_a_survey_says_what_a_file_holds_and_writes_nothing(tmp_path: Path) -> None:
    """Series with their spans and intervals, the first readings, and what does not count."""
    rows = [f"2026-01-01T{hour:02}:00:00Z,{hour},{'' if hour % 2 else -hour}" for hour in range(6)]
    rows += ["2031-01-01T00:00:00Z,1,", "2026-01-01T07:00:00Z,inf,"]
    path = csv(tmp_path / "f.csv", rows, "time,h.a,lonely")
    survey = survey_file(File.of(path, now=1_780_000_000 * SECOND), INGESTS).survey
    hour, first = 3600 * SECOND, 1_767_225_600 * SECOND
    assert survey.series == (
        SeriesSeen("h.a", 6, first, first + 5 * hour, hour),
        SeriesSeen("lonely", 3, first, first + 4 * hour, 2 * hour),
    )
    assert (survey.rows, survey.misdated, survey.not_finite, survey.strange) == (9, 1, 1, ("lonely",))
    assert survey.readings[:3] == (("h.a", first, 0.0), ("lonely", first, 0.0), ("h.a", first + hour, 1.0))


def test_a_survey_counts_what_an_import_leaves_in_the_store(tmp_path: Path) -> None:
    """Rows in no order that collide: the same numbers and the same example before as after; infinities are not shown."""
    rows = [f"2026-01-01T{hour % 24:02}:00:00Z,{hour}," for hour in (3, 1, 27, 2, 26, 0)]
    path = csv(tmp_path / "f.csv", ["2026-01-01T05:00:00Z,inf,", *rows])
    understood = survey_file(opened(path), INGESTS)
    with contextlib.closing(SqliteStore(tmp_path / "s.db")) as store:
        imported = import_file(opened(path), store, INGESTS)
    assert understood == imported
    assert understood.stored == 4
    assert understood.repeated is not None
    assert understood.repeated.example.endswith("27 after 3")
    assert understood.survey.readings[0] == ("h.a", 1_767_225_600 * SECOND + 3 * 3600 * SECOND, 3.0)
    assert understood.survey.series[0].interval == 3600 * SECOND


@pytest.mark.parametrize("header", ["time,h.a,h.b", "time,h.a,h.b,h.c,h.d", "time,h.b,h.a"])
def test_a_column_without_a_value_is_said_and_costs_nothing(header: str, tmp_path: Path) -> None:
    """Wherever it stands: the last ones of a wide table have no count of their own."""
    columns = header.split(",")
    rows = [
        f"2026-01-01T0{hour}:00:00Z," + ",".join(str(hour) if name == "h.a" else "" for name in columns[1:]) for hour in (1, 2)
    ]
    with contextlib.closing(SqliteStore(tmp_path / "s.db")) as store:
        imported = import_file(opened(csv(tmp_path / "f.csv", rows, header)), store, INGESTS)
    assert imported.stored == 2
    assert imported.survey.notes == (f"series without any reading: {len(columns) - 2}, such as 'h.b'",)
