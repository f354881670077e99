"""Whether a bundle and this device mean the same by the readings of a series."""

from collections.abc import Callable

from edge.contract.meaning import GAUGE, Meaning
from edge.forecaster.manifest import Manifest


def disagreement(manifest: Manifest, meaning: Callable[[str], Meaning | None]) -> str | None:
    """Where a model learned a series as something else than it is here, in words; None where all agree.

    A baseline learned nothing: it forecasts whatever the windows hold.

    Args:
        manifest: manifest of a bundle.
        meaning: function that gives the meaning of a series here by its name, or None where nobody knows it: then the bundle's
            counts.
    """
    if manifest.model is None:
        return None
    others: list[str] = []
    for name in manifest.series:
        learned, here = manifest.meanings.get(name, GAUGE), meaning(name)
        if here is not None and not here.agrees(learned):
            others.append(f"series {name!r} as {learned.words}, which is {here.words} here")
    if not others:
        return None
    more = f" (and {len(others) - 1} more series)" if len(others) > 1 else ""
    return f"its model learned {others[0]}{more}; run gatecast retrain, or set [[ingest]] kind, fill and hold as before"
