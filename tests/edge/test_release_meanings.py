"""A model and a device that take the readings of a series for different things."""

import msgspec
import pytest

from edge.contract.columns import SeriesTable
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import SECOND
from edge.forecaster.manifest import Manifest
from edge.release.meanings import disagreement
from tests.edge.test_forecaster_manifest import baseline_manifest, model_manifest

COUNTER, HELD = Meaning("counter", unit="kWh"), Meaning(hold=6 * 3600 * SECOND)


def learned(**meanings: Meaning) -> Manifest:
    """A model of the series `cellar` and `roof`."""
    return msgspec.structs.replace(model_manifest(), meanings=meanings, schema=2)


def here(**meanings: Meaning) -> SeriesTable:
    """What this device says of series."""
    return SeriesTable(["roof"], meanings.get)


@pytest.mark.parametrize(
    ("manifest", "device"),
    [
        (model_manifest(), here()),
        (model_manifest(), here(cellar=Meaning(unit="W"), roof=GAUGE)),
        (learned(roof=COUNTER), here(roof=Meaning("counter"))),
        (learned(roof=COUNTER, cellar=HELD), here(cellar=HELD)),
        (baseline_manifest(), here(cellar=COUNTER)),
    ],
)
def test_a_bundle_agrees_where_nobody_says_otherwise(manifest: Manifest, device: SeriesTable) -> None:
    """Units are names, what the device does not know the bundle says, and a baseline learned nothing."""
    assert disagreement(manifest, device.meaning_of) is None


def test_a_bundle_that_learned_something_else_is_refused_with_what_to_do() -> None:
    """One line names the first series, how many more there are, and both ways out."""
    advice = "run gatecast retrain, or set [[ingest]] kind, fill and hold as before"
    assert disagreement(model_manifest(), here(roof=COUNTER).meaning_of) == (
        f"its model learned series 'roof' as gauge, which is counter here; {advice}"
    )
    assert disagreement(learned(roof=COUNTER, cellar=HELD), here(roof=HELD, cellar=GAUGE).meaning_of) == (
        f"its model learned series 'cellar' as gauge, held for 6h, which is gauge here (and 1 more series); {advice}"
    )
