"""A bundle of the starter as it is: a network forecasts from the third day on, before there is a history to train on."""

import tempfile
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from edge.config.fleet import LONGEST_WINDOW, past_at
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.errors import ConfigurationError
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, schema_of, version_of
from edge.forecaster.model import Model
from edge.release.ready import try_hard_windows
from pipeline.release.parity import Pairs, golden, model_file, parity
from pipeline.starter.start import HORIZON, LEVELS, SEGMENT
from pipeline.training.architecture import Architecture, begins
from pipeline.training.starting import convert_starter

DAYS = 3  # of values that a window needs at least
WINDOWS = 70  # made-up windows that the converted file is compared on


def starter_bundle(contract: Contract, created: datetime) -> Bundle:
    """A bundle that knows no series: each is forecast by the starter as soon as its window holds three days.

    Args:
        contract: interval, window and horizon of the forecasts.
        created: moment that the version is named after.

    Raises:
        ConfigurationError: there is no starter for that interval, horizon or levels; says what to do.
        BundleError: it could not be converted, or does not forecast on the runtime as before.
    """
    architecture, contract = Architecture(), _far_enough(contract)
    longest = HORIZON * DAY // SEGMENT
    day = DAY // contract.interval
    fits = begins(architecture, contract) is not None and contract.covered >= DAYS * day
    if not fits or contract.quantiles != LEVELS or contract.horizon * contract.interval > longest:
        raise ConfigurationError(
            "the starter forecasts at intervals of an hour or of parts of it, up to four days ahead, from windows of three "
            f"days and more, at the levels {list(LEVELS)}; got {contract.words}, levels {list(contract.quantiles)}; take "
            "gatecast promote last_value until there is history for gatecast retrain"
        )
    contract = replace(contract.plain, max_missing=max(contract.max_missing, 1 - _known(contract) / contract.columns))
    windows = made_up(contract)
    with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
        content, forecasts, count = convert_starter(architecture, contract, windows, Path(folder))
    manifest = Manifest(
        version_of(created, "starter", content),
        contract,
        [],
        created.isoformat(timespec="seconds"),
        version("gatecast"),
        model=model_file(content, architecture, count),
        schema=schema_of(contract, {}),
    )
    unknown = np.zeros(len(windows), np.int32)
    model = Model(Bundle(manifest, content))
    parity(Pairs(windows, unknown, forecasts), model)
    bundle = Bundle(msgspec.structs.replace(manifest, golden=golden(model, windows, unknown)), content)
    try_hard_windows(bundle, Model(bundle))
    return bundle


def _far_enough(contract: Contract) -> Contract:
    """The same contract; with a week in spans, where as many intervals as a window may have are less than three days."""
    if contract.coarse or contract.window < LONGEST_WINDOW or contract.covered * contract.interval >= DAYS * DAY:
        return contract
    window, coarse = past_at(contract.interval)
    return replace(contract, window=window, coarse=coarse)


def made_up(contract: Contract) -> Float64:
    """Windows of days that are nearly alike, some of which begin late, float64 `[n, columns]`."""
    random, day = np.random.default_rng(0), DAY / contract.interval
    size, level = random.lognormal(1, 1, (WINDOWS, 1)), random.normal(0, 50, (WINDOWS, 1))
    steps = [*((part.steps, part.count) for part in contract.coarse), (1, contract.window)]
    back = np.concatenate([length * (np.arange(count, 0, -1) - 0.5) for length, count in steps])  # intervals from the end
    phase = random.random((WINDOWS, 1)) - back / day
    windows: Float64 = level + size * (np.sin(2 * np.pi * phase) + random.normal(0, 0.3, (WINDOWS, contract.columns)))
    least = DAYS * day / contract.covered if contract.coarse else 1 - contract.max_missing
    known = random.uniform(least, 1, (WINDOWS, 1))
    return np.where(back > known * contract.covered, np.nan, windows)


def _known(contract: Contract) -> int:
    """Number of values of a window of which the last three days are there."""
    days = DAYS * DAY // contract.interval
    return min(contract.window, days) + sum(min(part.count, days // part.steps) for part in contract.coarse)
