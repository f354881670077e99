"""Whether a training could bring anything: not where another run has trained meanwhile, or on the very same history."""

from collections.abc import Iterable
from datetime import datetime

from edge.forecaster.manifest import Manifest


def trained_since(versions: Iterable[Manifest], due: datetime) -> str | None:
    """Why a run that was due by then is of no use: what has been trained since, released or not, knows as much; else None.

    Args:
        versions: everything in the registry.
        due: time at which the run was to start, with a zone.
    """
    since = [each for each in versions if each.training is not None and datetime.fromisoformat(each.created) > due]
    if not since:
        return None
    return f"{since[-1].version} was trained and judged since this run was due, so nothing is trained"


def trained_on(versions: Iterable[Manifest], data_hash: str) -> str | None:
    """Why a training on this history is of no use: the last one was on the very same; None where it was not.

    Args:
        versions: everything in the registry, newest last.
        data_hash: hash of the history.
    """
    trained = [each for each in versions if each.training is not None]
    if not trained or trained[-1].training is None or trained[-1].training.data_hash != data_hash:
        return None
    return f"no reading has come since {trained[-1].version} was trained and judged, so nothing is trained"
