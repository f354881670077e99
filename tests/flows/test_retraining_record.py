"""A run leaves one row in the fleet's store, whatever became of it."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("prefect")

from edge.config.reading import read_config
from edge.config.sections import Config
from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import RETRAINING, Kind
from edge.errors import GatecastError, HistoryTooShort
from edge.stores.sqlite import SqliteStore
from flows.output.retrained import Retrained
from flows.retraining.record import LONGEST_TEXT, Record, recorded
from tests.pipeline.test_report_report import history, released
from tests.support.commands import write_fleet

NUMBERS = [field.name for field in RETRAINING.fields if field.kind is not Kind.TEXT]


def rows(folder: Path) -> Points:
    """The rows of the store, numbers alone."""
    store, fleets = SqliteStore(folder / "store.db"), SeriesTable(["mill"])
    (page,) = store.read(RETRAINING, NUMBERS, 0, 1 << 62, fleets)
    store.close()
    assert fleets.names == ["mill"]
    return page


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A fleet with a store of its own."""
    return read_config(write_fleet(tmp_path))


def test_a_run_that_judged_has_the_figures_of_its_verdict(config: Config, tmp_path: Path) -> None:
    """Errors in units of scale, skill, coverage and versions; nothing went out, so nothing is released."""
    prepared = history()
    release = released(prepared)
    with recorded(config, Record("mill", "schedule", released=True), pytest.fail) as record:
        record.result = Retrained(prepared, release, ())
    page = rows(tmp_path)
    assert [page.fields[name].tolist() for name in ("failed", "released")] == [[0], [0]]  # type: ignore[union-attr]
    error = release.chosen.trial.candidate.scaled_error(prepared.scale)
    np.testing.assert_allclose(np.asarray(page.fields["challenger_error"], np.float64), [error])
    assert np.asarray(page.fields["baseline_error"], np.float64)[0] > 0
    points = record.points(5)
    assert points.fields["cause"] == "schedule"
    assert points.fields["challenger"] == release.candidate.manifest.version
    assert str(points.fields["verdict"]).startswith("not released: ")


def test_a_run_that_failed_says_why_and_fails_all_the_same(config: Config, tmp_path: Path) -> None:
    """The first line of the reason, shortened, and no figures."""
    reason = "x" * 600 + "\nsecond line"
    record = Record("mill", "drift", released=True)
    with pytest.raises(GatecastError), recorded(config, record, pytest.fail):
        raise GatecastError(reason)
    page = rows(tmp_path)
    assert np.asarray(page.fields["failed"]).tolist() == [1]
    assert np.isnan(np.asarray(page.fields["skill"], np.float64)).all()
    assert record.points(5).fields["verdict"] == "x" * LONGEST_TEXT


def test_a_run_that_ended_early_or_lacks_history_leaves_no_row(config: Config, tmp_path: Path) -> None:
    """Neither is a failure, nor a training: no alarm may come of it."""
    with recorded(config, Record("mill", "manual", released=True), pytest.fail):
        pass
    with pytest.raises(HistoryTooShort), recorded(config, Record("mill", "manual", released=True), pytest.fail):
        raise HistoryTooShort("two more days")
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize("more", ["", 'token_file = "gone"', 'ca_file = "gone"'])
def test_a_store_that_takes_no_row_fails_no_run(more: str, tmp_path: Path) -> None:
    """There is a line with the store's reason; the token of a run of hours may have been renewed meanwhile."""
    path = tmp_path / "gatecast.toml"
    path.write_text('[store]\nurl = "influxdb://127.0.0.1:9/nowhere"\n')
    section = msgspec.toml.decode(more, type=dict[str, str])
    config = read_config(path)
    config = msgspec.structs.replace(
        config, store=msgspec.structs.replace(config.store, url=config.store.url.replace("influxdb", "influxdbs"), **section)
    )
    lines: list[str] = []
    record = Record("mill", "manual", released=False)
    with pytest.raises(GatecastError, match="as planned"), recorded(config, record, lines.append):
        raise GatecastError("as planned")
    assert len(lines) == 1
    assert lines[0].startswith("  the store did not take the row of this run, which is on no dashboard: ")
