"""When broken forecasts are the bundle's fault."""

import numpy as np
import pytest

from edge.contract.columns import Int32
from edge.forecaster.faults import Attempt, Evidence
from edge.forecaster.level import LARGEST_VALUE
from edge.forecaster.manifest import LARGEST_WINDOW

CALM = np.zeros((1, 4))


def attempts(broken: bool, count: int = 1) -> Attempt:
    """Forecasts that are all sound or all not finite."""
    return Attempt(np.zeros((count, 3, 3)), np.full(count, 0 if broken else -1, np.int32))


def owner(series: int) -> Int32:
    """One row's series."""
    return np.array([series], np.int32)


def test_one_series_never_proves_a_fault_where_there_are_several() -> None:
    """However often it fails."""
    evidence = Evidence()
    assert [evidence.add(attempts(True), CALM, owner(1), 5) for _ in range(500)] == [None] * 500


def test_windows_beyond_what_sensors_say_prove_nothing() -> None:
    """Whoever makes up values must not take the model from a device."""
    evidence = Evidence()
    found = [evidence.add(attempts(True), CALM + np.float64(9e15), owner(series), 3) for series in (0, 1, 2) * 9]
    assert found == [None] * 27


@pytest.mark.parametrize(("known", "needed"), [(1, 3), (2, 3), (3, 3), (20, 3), (100, 10)])
def test_several_series_on_usual_windows_are_proof(known: int, needed: int) -> None:
    """Three, or a tenth of a large fleet; and three forecasts where there are fewer series."""
    evidence = Evidence()
    found = [evidence.add(attempts(True), CALM, owner(step % known), known) for step in range(needed)]
    assert [text is not None for text in found] == [False] * (needed - 1) + [True]
    assert found[-1] == f"{needed} forecasts of {min(known, needed)} series are not finite"


@pytest.mark.parametrize(("known", "fleet", "proof"), [(1, 0, True), (1, 1, True), (1, 2, False), (1, 50, False), (2, 9, True)])
def test_the_only_series_of_a_device_is_no_proof_in_a_fleet(known: int, fleet: int, proof: bool) -> None:
    """It is forecast by the baseline, and said; where a fleet has one series, giving way costs nobody else anything."""
    evidence = Evidence(fleet)
    found = [evidence.add(attempts(True), CALM, owner(step % known), known) for step in range(9)]
    assert (found[-1] is not None) == proof
    assert evidence.problem == f"the newest forecasts of {known} series were broken; the baseline makes them"
    evidence.add(attempts(False), CALM, owner(0), known)
    evidence.forget(np.arange(1, known, dtype=np.int32))
    assert evidence.problem is None


def test_a_sound_forecast_clears_its_series() -> None:
    """Sensors that fail on different days never add up."""
    evidence = Evidence()
    for series in range(50):
        assert evidence.add(attempts(True), CALM, owner(series), 50) is None
        assert evidence.add(attempts(False), CALM, owner(series), 50) is None


def test_the_bound_on_values_holds_at_the_longest_window() -> None:
    """The sum of their squares stays within float32."""
    assert np.finfo(np.float32).max > LARGEST_WINDOW * LARGEST_VALUE**2
