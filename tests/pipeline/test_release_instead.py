"""The baselines that go out where no network does, and the champions that make room for them."""

from dataclasses import replace

import numpy as np

from edge.release.first import first_bundle
from pipeline.judging.trial import Trial
from pipeline.judging.verdict import judge
from pipeline.judging.weighing import Part
from pipeline.release.instead import Simple, baseline_bundle, best_simple, is_outdone, makes_room
from tests.pipeline.test_judging_verdict import measured
from tests.support import tiny

SCALE = np.ones(3)


def tried(last: list[float], day: list[float]) -> Trial:
    """A candidate that loses everywhere, beside two baselines with these errors."""
    baselines = (measured(last, name="last_value"), measured(day, name="seasonal_naive_day"))
    candidate = measured([9.0] * len(last))
    return Trial(judge(candidate, baselines), candidate, None, baselines, (Part(baselines, candidate),))


def test_each_series_has_its_own_and_the_others_the_best_one() -> None:
    """An unknown series is forecast by the one that is best over all."""
    best = best_simple(tried([1.0, 0.5, 1.0], [0.5, 1.0, 0.4]), SCALE)
    assert best == Simple("seasonal_naive_day", {"s1": "last_value"})
    assert (best.of("s0"), best.of("s1"), best.of("new")) == ("seasonal_naive_day", "last_value", "seasonal_naive_day")


def test_a_network_behind_them_is_outdone() -> None:
    """By more than a twentieth, and not by its own equal."""
    trial = tried([1.0, 0.5, 1.0], [0.5, 1.0, 0.4])
    best = best_simple(trial, SCALE)
    assert is_outdone(measured([0.6] * 3, name="net"), best, trial.baselines)
    own = [0.5, 0.5, 0.4]
    assert not is_outdone(measured([error * 1.04 for error in own], name="net"), best, trial.baselines)
    assert is_outdone(measured([error * 1.06 for error in own], name="net"), best, trial.baselines)


def test_a_worse_baseline_makes_room() -> None:
    """Better by the margin or of another contract; a network that is live stays where no candidate is better."""
    trial, week = tried([1.0, 1.0, 1.0], [0.98, 0.98, 0.98]), replace(tiny.CONTRACT, window=168)
    prepared = replace(tiny.history(), contract=week, scale=SCALE)
    best = best_simple(trial, SCALE)
    live = first_bundle("last_value", week, tiny.CREATED).manifest
    assert makes_room(live, best, trial, prepared, 0.01)
    assert not makes_room(live, best, trial, prepared, 0.03)
    assert not makes_room(first_bundle("seasonal_naive_day", week, tiny.CREATED).manifest, best, trial, prepared, 0.01)
    assert makes_room(first_bundle("last_value", tiny.CONTRACT, tiny.CREATED).manifest, best, trial, prepared, 0.03)
    assert not makes_room(tiny.bundle_of(b"model").manifest, best, trial, prepared, 0.01)


def test_the_bundle_names_a_baseline_for_each_series() -> None:
    """That of the fleet, and the others by the names of their series; another choice is another version."""
    prepared = tiny.history()
    simple = Simple("last_value", {prepared.table.names[0]: "mean_of_3_days"})
    manifest = baseline_bundle(prepared, simple, []).manifest
    assert (manifest.baseline, manifest.baselines) == ("last_value", dict(simple.series))
    assert manifest.version[-8:] != baseline_bundle(prepared, Simple("last_value", {}), []).manifest.version[-8:]
