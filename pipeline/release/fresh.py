"""Whether a training could bring anything: not where another run has trained meanwhile, or on the very same history."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from edge.forecaster.manifest import Manifest


def trained_for(versions: Iterable[Manifest], live: str | None) -> list[Manifest]:
    """What was trained for the fleet of a channel: fleets with channels of their own may share a registry.

    The fleet is known by what is live: the same interval, and a series in common. Where nothing is live there is nothing that
    is known to be its own.

    Args:
        versions: everything in the registry, newest last.
        live: version that the channel names; None where it names none.
    """
    everything = list(versions)
    champion = next((each for each in everything if each.version == live), None)
    if champion is None:
        return []
    names, interval = set(champion.series), champion.contract.interval
    return [
        each
        for each in everything
        if each.training is not None
        and each.contract.interval == interval
        and (not names or not each.series or not names.isdisjoint(each.series))
    ]


def trained_since(trained: Iterable[Manifest], due: datetime, now: datetime) -> str | None:
    """Why a run that was due by then is of no use: what has been trained since, released or not, knows as much; else None.

    A version from the future says nothing: the clock was ahead when it was made.

    Args:
        trained: manifests of what was trained for the fleet.
        due: time at which the run was to start, with a zone.
        now: time of the look, with a zone.
    """
    since = [each for each in trained if each.training is not None and due < _made(each) <= now]
    if not since:
        return None
    return f"{since[-1].version} was trained and judged since this run was due, so nothing is trained"


def trained_on(trained: Iterable[Manifest], data_hash: str) -> str | None:
    """Why a training on this history is of no use: the last one was on the very same; None where it was not.

    Args:
        trained: manifests of what was trained for the fleet, newest last.
        data_hash: hash of the history.
    """
    known = [each for each in trained if each.training is not None]
    if not known or known[-1].training is None or known[-1].training.data_hash != data_hash:
        return None
    return f"no reading has come since {known[-1].version} was trained and judged, so nothing is trained"


def _made(manifest: Manifest) -> datetime:
    """When a version was made; before everything where its text is no time with a zone."""
    with suppress(ValueError):
        made = datetime.fromisoformat(manifest.created)
        if made.tzinfo is not None:
            return made
    return datetime.min.replace(tzinfo=UTC)
