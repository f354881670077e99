"""Windows and forecasts that come with a model, so that a device can see whether it forecasts as it did where it was made."""

import math
from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from edge.contract.ahead.issues import Ahead
from edge.contract.columns import Float64, Int32, Int64
from edge.contract.contract import Context, Contract
from edge.contract.times import READABLE
from edge.errors import BundleError


class Golden(msgspec.Struct, frozen=True):
    """Windows and the forecasts that the model made of them where it was verified.

    Args:
        windows: values of the windows, `[n, window]`, None for missing.
        series: index in the model's series input, `[n]`.
        forecasts: values of the forecasts, `[n, horizon, quantiles]`.
        units: spread of each series in training, the unit in which a difference is judged, `[n]`. None in older bundles:
            their unit is the spread of all forecasts.
        origins: end of each window, ns UTC, `[n]`. None where the contract has no inputs.
        known: values of inputs for the day before each origin and for the leads, `[n, back + horizon]` by the name of the
            input, None for missing.
    """

    windows: Annotated[list[list[float | None]], msgspec.Meta(min_length=1, max_length=64)]
    series: list[int]
    forecasts: list[list[list[float]]]
    units: list[float] | None = None
    origins: list[int] | None = None
    known: dict[str, list[list[float | None]]] = {}

    @classmethod
    def of(
        cls,
        windows: Float64,
        series: Int32,
        forecasts: Float64,
        units: Float64 | None = None,
        origins: Int64 | None = None,
        known: Mapping[str, Float64] | None = None,
    ) -> "Golden":
        """The same values as lists, NaN in windows and inputs as None; forecasts are finite, units above 0."""
        return cls(
            _rows(windows),
            series.tolist(),
            forecasts.tolist(),
            None if units is None else units.tolist(),
            None if origins is None else origins.tolist(),
            {name: _rows(values) for name, values in (known or {}).items()},
        )

    def arrays(self) -> tuple[Float64, Int32, Float64]:
        """Windows float64 `[n, window]`, series int32 `[n]`, forecasts float64 `[n, horizon, quantiles]`."""
        return np.array(self.windows, np.float64), np.array(self.series, np.int32), np.array(self.forecasts, np.float64)

    def context(self, contract: Contract, count: int | None = None) -> Context | None:
        """What was known beside the windows, or None where the contract has no inputs.

        Args:
            contract: interval of the values of inputs.
            count: number of windows, made of the golden ones in turn; None: one each.
        """
        if self.origins is None:
            return None
        origins = np.array(self.origins, np.int64)
        ahead = {name: _ahead(origins, np.array(rows, np.float64), contract) for name, rows in self.known.items()}
        return Context(np.resize(origins, len(self.windows) if count is None else count), ahead)


def _rows(values: Float64) -> list[list[float | None]]:
    return [[value if math.isfinite(value) else None for value in row] for row in values.tolist()]


def _ahead(origins: Int64, values: Float64, contract: Contract) -> Ahead:
    """The values of an input, float64 `[n, back + horizon]`, as they had been issued at the origins.

    A missing value is one of them: what was known at an earlier origin may have been forgotten since.
    """
    numbers = (origins[:, None] // contract.interval + np.arange(-contract.back, contract.horizon)).ravel()
    issued = np.broadcast_to(origins[:, None], values.shape).ravel()
    order = np.lexsort((issued, numbers))
    return Ahead(contract.interval, numbers[order], issued[order], values.ravel()[order], filled=True)


def check_golden(golden: Golden, contract: Contract, known: int) -> None:
    """Refuse golden windows and forecasts that the contract does not allow.

    Args:
        golden: windows and forecasts of a manifest.
        contract: contract of the manifest.
        known: number of series in the manifest.

    Raises:
        BundleError: shapes or series are not those of the contract.
    """
    count, levels = len(golden.windows), len(contract.quantiles)
    lengths = {len(window) for window in golden.windows}
    leads = {len(forecast) for forecast in golden.forecasts}
    widths = {len(lead) for forecast in golden.forecasts for lead in forecast}
    if (
        len(golden.series) != count
        or len(golden.forecasts) != count
        or (lengths, leads, widths) != ({contract.columns}, {contract.horizon}, {levels})
    ):
        raise BundleError(
            f"expected golden windows [{count}, {contract.columns}] and forecasts [{count}, {contract.horizon}, {levels}]; "
            f"got {len(golden.series)} series, windows of {sorted(lengths)}, {len(golden.forecasts)} forecasts of "
            f"{sorted(leads)} leads and {sorted(widths)} quantiles"
        )
    origins = golden.origins
    if (origins is None) != (not contract.inputs) or len(origins or golden.series) != count:
        raise BundleError(
            f"expected {count if contract.inputs else 'no'} golden origins; got {'none' if origins is None else len(origins)}"
        )
    if origins is not None and not all(READABLE[0] <= origin <= READABLE[1] for origin in origins):
        raise BundleError(f"expected golden origins that are times, in ns; got {min(origins)}…{max(origins)}")
    _check_known(golden, contract)
    units = golden.units
    if units is not None and not (len(units) == count and all(0 < unit < math.inf for unit in units)):
        raise BundleError(
            f"expected {count} golden units above 0, or none; got {len(units)}, the least {min(units, default=0)}"
        )
    if not all(0 <= series <= known for series in golden.series):
        raise BundleError(f"expected golden series within 0…{known}; got {min(golden.series)}…{max(golden.series)}")


def _check_known(golden: Golden, contract: Contract) -> None:
    """Refuse values of other inputs than the contract has, or of other shapes."""
    names, shape = [known.name for known in contract.known], (len(golden.windows), contract.back + contract.horizon)
    got = {name: (len(rows), *{len(row) for row in rows}) for name, rows in golden.known.items()}
    if list(got) != names or any(each != shape for each in got.values()):
        raise BundleError(f"expected golden values of the inputs {names}, {list(shape)} each; got {got}")
