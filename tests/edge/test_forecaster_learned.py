"""What a bundle says of single series: meanings, and the baselines that forecast some of them."""

from dataclasses import replace

import msgspec

from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.times import DAY
from edge.forecaster.learned import NOTHING, Choice, Learned
from tests.edge.test_forecaster_manifest import model_manifest

CONTRACT = Contract(interval=DAY // 4, window=28, horizon=4)


def test_a_manifest_says_meanings_and_baselines() -> None:
    """Both by the names of series."""
    meanings, baselines = {"roof": Meaning(unit="mm")}, {"cellar": "last_value"}
    manifest = msgspec.structs.replace(model_manifest(), meanings=meanings, baselines=baselines)
    assert Learned.of(manifest) == Learned(meanings, baselines)
    assert Learned.of(model_manifest()) == NOTHING


def test_each_series_has_the_baseline_that_is_named_for_it() -> None:
    """A name that is not listed, and a baseline that the window has no room for, leave the series to the forecaster."""
    named = {"a": "last_value", "b": "seasonal_naive_day", "c": "last_value", "d": "mean_of_7_days"}
    choice = Choice(named, replace(CONTRACT, window=27))
    assert [each.name for each in choice.baselines] == ["last_value", "seasonal_naive_day"]
    assert choice.numbers(["b", "x", "a", "c", "d"]).tolist() == [1, -1, 0, 0, -1]
    assert choice.numbers([]).shape == (0,)
    assert [each.name for each in Choice(named, CONTRACT).baselines][2] == "mean_of_7_days"
