"""The store of a configuration: reached, written, read, and left as it was."""

from contextlib import closing

from edge.checks.connected.store_words import Wanted, findings
from edge.checks.finding import Finding, of_error
from edge.config.sections import Config
from edge.contract.times import DAY, parse_duration
from edge.errors import GatecastError
from edge.forecaster.bundle import Bundle
from edge.stores.looking.looking import look_at


def check_store(config: Config, bundle: Bundle | None) -> list[Finding]:
    """Whether it can be reached, written and read, how long it keeps rows, and what its clock says.

    Args:
        config: configuration.
        bundle: live bundle; None where there is none.
    """
    try:
        with closing(config.store.open()) as store:
            look = look_at(store)
    except GatecastError as error:
        return [of_error("store", error)]
    return findings(look, wanted(config, bundle))


def wanted(config: Config, bundle: Bundle | None) -> Wanted:
    """What the windows of the live bundle and the next training need of the store; arguments as of `check_store`."""
    fleet, windows = config.fleet, 0
    window = 7 * DAY if fleet.interval is None or fleet.window is None else parse_duration(fleet.interval) * fleet.window
    if bundle is not None:
        windows = bundle.manifest.contract.reach * bundle.manifest.contract.interval
    return Wanted(windows, window, None if config.store.keep is None else parse_duration(config.store.keep))
