"""Whether a training could bring anything."""

from datetime import UTC, datetime, timedelta

import msgspec

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.manifest import Manifest, Training, version_of
from pipeline.release.fresh import trained_for, trained_on, trained_since

CONTRACT = Contract(interval=60 * SECOND, window=24, horizon=6)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


LATER = NOON + timedelta(hours=1)


def manifest(minutes: int, history: str | None, series: tuple[str, ...] = (), contract: Contract = CONTRACT) -> Manifest:
    """What was made so many minutes after noon, trained on a history or, as a promoted baseline, on none."""
    created = NOON + timedelta(minutes=minutes)
    training = None if history is None else Training(0, 1, 1, 1.0, 1, 0, history)
    return Manifest(version_of(created, "gru", b""), contract, list(series), created.isoformat(), "0.1.0", training=training)


def test_a_run_that_waited_while_another_one_trained_is_of_no_use() -> None:
    """Whatever that one brought, released or not; a baseline that somebody promoted has learned nothing."""
    assert trained_since([], NOON, LATER) is None
    assert trained_since([manifest(-5, "a"), manifest(0, "b"), manifest(5, None)], NOON, LATER) is None
    reason = trained_since([manifest(-5, "a"), manifest(5, "b"), manifest(6, None)], NOON, LATER)
    assert reason == f"{manifest(5, 'b').version} was trained and judged since this run was due, so nothing is trained"


def test_a_version_from_the_future_is_no_training_of_today() -> None:
    """A clock that was a year ahead once ended every run early for a year."""
    assert trained_since([manifest(365 * 1440, "a")], NOON, LATER) is None
    assert trained_since([manifest(5, "b"), manifest(365 * 1440, "a")], NOON, LATER) is not None


def test_a_version_whose_time_is_none_costs_only_itself() -> None:
    """A file that somebody has edited stops no training."""
    for created in ("2026-11-26T12:05:00", "yesterday", ""):
        assert trained_since([msgspec.structs.replace(manifest(5, "a"), created=created)], NOON, LATER) is None


def test_another_fleet_in_the_same_registry_is_another_matter() -> None:
    """A run that was missed is made up for, whatever the fleet next door has trained meanwhile."""
    ours, theirs = manifest(1, "a", ("roof", "yard")), manifest(5, "b", ("oven",))
    grown, plain = manifest(3, "c", ("yard", "cellar")), manifest(0, None, ("roof", "yard"))
    slow = manifest(4, "d", ("roof",), Contract(interval=600 * SECOND, window=24, horizon=6))
    versions = [plain, ours, grown, slow, theirs]
    assert trained_for(versions, ours.version) == trained_for(versions, plain.version) == [ours, grown]
    assert trained_for(versions, theirs.version) == [theirs]
    assert trained_for(versions, None) == trained_for(versions, "gone") == []
    promoted = manifest(6, None)  # a baseline before there is a history knows no series
    assert trained_for([*versions, promoted], promoted.version) == [ours, grown, theirs]


def test_the_same_history_is_not_trained_on_again() -> None:
    """Only the last training counts: the one before was on a history that is no longer there."""
    assert trained_on([], "a") is None
    assert trained_on([manifest(1, None)], "a") is None
    assert trained_on([manifest(1, "a"), manifest(2, "b")], "a") is None
    reason = trained_on([manifest(1, "a"), manifest(2, "b"), manifest(3, None)], "b")
    assert reason == f"no reading has come since {manifest(2, 'b').version} was trained and judged, so nothing is trained"
