"""What there is, and what a training makes of it (kind: "ok" while nothing works)."""

from pathlib import Path

from edge.config.sections import Config, StoreSection
from edge.config.training_sections import Fleet
from edge.contract.times import SECOND
from edge.messages.rule import IngestRule
from edge.sources.settings import HistorySource
from pipeline.history.cells import IN_MEMORY
from pipeline.sources.survey import survey
from tests.support.home_assistant import Recorder
from tests.support.sources import START


def test_every_source_is_listed_and_judged_as_a_training_does(tmp_path: Path) -> None:
    """One that cannot be read does not hide the others."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.means("sensor.good", [(START + 3600 * k, k % 24) for k in range(600) if k not in (300, 301, 302, 303)], "°C")
    recorder.means("sensor.short", [(START + 3600 * k, k % 5) for k in range(20)])
    recorder.sums("sensor.meter", [(START + 3600 * k, 2.0 * k + k % 3, 0) for k in range(600)], "kWh")
    config = Config(
        ingest=(IngestRule("{domain}/{name}", kind="gauge"),),
        store=StoreSection(f"sqlite:///{tmp_path}/store.db"),
        history=(HistorySource(f"sqlite:///{tmp_path}/no.db"), HistorySource(f"sqlite:///{recorder.path}")),
        fleet=Fleet("1h", 6, 24),
    )
    told = survey(config, IN_MEMORY)
    assert [source.label.partition(" ")[0] for source in told.sources] == ["[store]", "[[history]]", "[[history]]"]
    assert [bool(source.fault) for source in told.sources] == [False, True, False]
    good, meter, short = told.sources[2].series
    assert (good.name, good.spacing.readings, good.spacing.first) == ("sensor.good", 596, START * SECOND)
    assert (good.spacing.usual, good.spacing.gaps, good.spacing.longest) == (3600 * SECOND, 1, 5 * 3600 * SECOND)
    assert (good.meaning.unit, good.live, good.meter, meter.meter) == ("°C", True, False, True)
    assert (told.problems["sensor.good"], told.fault, told.shared) == (None, None, [])
    assert told.problems[short.name] is not None


def test_nothing_at_all_is_a_fault(tmp_path: Path) -> None:
    """Without any reading there is nothing to train on."""
    told = survey(Config(store=StoreSection(f"sqlite:///{tmp_path}/store.db")), IN_MEMORY)
    assert (told.sources[0].series, told.contract) == ((), None)
    assert "the store holds no readings" in str(told.fault)
