"""What a bundle says of single series beside its model: what their values mean, and which a baseline forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np

from edge.contract.columns import Int32
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.forecaster.baselines import Baseline, baseline
from edge.forecaster.manifest import Manifest

NO_BASELINES: Mapping[str, str] = MappingProxyType({})
NO_MEANINGS: Mapping[str, Meaning] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Learned:
    """What a bundle says of single series, by their names.

    Args:
        meanings: meanings of series; one that is left out is a gauge.
        baselines: names of the baselines that forecast series in place of the bundle's forecaster.
    """

    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    baselines: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """What this manifest says."""
        return cls(manifest.meanings, manifest.baselines)


NOTHING = Learned()


class Choice:
    """Which baseline forecasts which series in place of the live forecaster.

    Args:
        named: names of baselines by the names of their series; one that the window has no room for does not count.
        contract: contract of the forecaster.
    """

    def __init__(self, named: Mapping[str, str], contract: Contract) -> None:
        fitting = {name: baseline(name, contract) for name in dict.fromkeys(named.values())}
        self.baselines: tuple[Baseline, ...] = tuple(each for each in fitting.values() if each is not None)
        number = {each.name: position for position, each in enumerate(self.baselines)}
        self._number = {series: number[name] for series, name in named.items() if name in number}

    def numbers(self, names: Sequence[str]) -> Int32:
        """Position in `baselines` of the one that forecasts each series, -1 where the forecaster does, int32 `[n]`.

        Args:
            names: names of the series.
        """
        return np.array([self._number.get(name, -1) for name in names], np.int32)
