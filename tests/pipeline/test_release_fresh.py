"""Whether a training could bring anything."""

from datetime import UTC, datetime, timedelta

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.manifest import Manifest, Training, version_of
from pipeline.release.fresh import trained_on, trained_since

CONTRACT = Contract(interval=60 * SECOND, window=24, horizon=6)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def manifest(minutes: int, history: str | None) -> Manifest:
    """What was made so many minutes after noon, trained on a history or, as a promoted baseline, on none."""
    created = NOON + timedelta(minutes=minutes)
    training = None if history is None else Training(0, 1, 1, 1.0, 1, 0, history)
    return Manifest(version_of(created, "gru", b""), CONTRACT, [], created.isoformat(), "0.1.0", training=training)


def test_a_run_that_waited_while_another_one_trained_is_of_no_use() -> None:
    """Whatever that one brought, released or not; a baseline that somebody promoted has learned nothing."""
    assert trained_since([], NOON) is None
    assert trained_since([manifest(-5, "a"), manifest(0, "b"), manifest(5, None)], NOON) is None
    reason = trained_since([manifest(-5, "a"), manifest(5, "b"), manifest(6, None)], NOON)
    assert reason == f"{manifest(5, 'b').version} was trained and judged since this run was due, so nothing is trained"


def test_the_same_history_is_not_trained_on_again() -> None:
    """Only the last training counts: the one before was on a history that is no longer there."""
    assert trained_on([], "a") is None
    assert trained_on([manifest(1, None)], "a") is None
    assert trained_on([manifest(1, "a"), manifest(2, "b")], "a") is None
    reason = trained_on([manifest(1, "a"), manifest(2, "b"), manifest(3, None)], "b")
    assert reason == f"no reading has come since {manifest(2, 'b').version} was trained and judged, so nothing is trained"
