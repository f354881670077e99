"""The first bundle, before there is a history to train on: devices get a contract, and forecast by a baseline."""

from datetime import datetime
from importlib.metadata import version

from edge.contract.contract import Contract
from edge.errors import ConfigurationError
from edge.forecaster.baselines import baseline, baselines
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, version_of


def first_bundle(name: str, contract: Contract, created: datetime) -> Bundle:
    """A bundle without a model that knows no series: every series is forecast by the baseline.

    Args:
        name: name of the baseline.
        contract: interval, window and horizon of the forecasts.
        created: moment that the version is named after.

    Raises:
        ConfigurationError: the window is too short for that baseline.
    """
    if baseline(name, contract) is None:
        fitting = ", ".join(each.name for each in baselines(contract))
        raise ConfigurationError(f"the window is too short for {name}; set a longer [fleet] window, or take one of {fitting}")
    made = version_of(created, name, repr(contract).encode())
    manifest = Manifest(made, contract, [], created.isoformat(timespec="seconds"), version("gatecast"), baseline=name)
    return Bundle(manifest)
