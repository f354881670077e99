"""The newest of every series, of whichever store there is; nothing is read that is older than what is asked for."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from edge.contract.columns import Float64, Int64
from edge.errors import ConfigurationError
from edge.stores.newest.rows import Ahead, Newest, Scored
from edge.stores.store import Store


class Module(Protocol):
    """What each kind of store brings."""

    newest: Callable[[Store], list[Newest]]
    scored: Callable[[Store, int, int], dict[str, Scored]]
    ahead: Callable[[Store, str, int], Ahead | None]
    readings: Callable[[Store, str, int, int], tuple[Int64, Float64]]


# By the kind of the store; a module is imported only where there is such a store.
MODULES = {"sqlite": "edge.stores.newest.sqlite", "influxdb": "edge.stores.newest.influx"}


def newest(store: Store) -> list[Newest]:
    """Every series that has a reading, in order of the names.

    Raises:
        ConfigurationError: nobody has written how to ask such a store.
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    return sorted(_module(store).newest(store), key=lambda series: series.name)


def scored(store: Store, start: int, stop: int) -> dict[str, Scored]:
    """Errors over the moments of `[start, stop)` ns, by series; only scores that have both errors count.

    Raises:
        ConfigurationError: as `newest`.
        StoreBusy: as `newest`.
        StoreDenied: as `newest`.
    """
    return _module(store).scored(store, start, stop)


def ahead(store: Store, name: str, start: int) -> Ahead | None:
    """The newest forecast of each interval of a series that begins at a moment, ns UTC, or later; None where there is none.

    Raises:
        ConfigurationError: as `newest`.
        StoreBusy: as `newest`.
        StoreDenied: as `newest`.
    """
    return _module(store).ahead(store, name, start)


def readings(store: Store, name: str, start: int, stop: int) -> tuple[Int64, Float64]:
    """Times (ns UTC) and values of the readings of one series in `[start, stop)`, in order of time, `[n]` each.

    Raises:
        ConfigurationError: as `newest`.
        StoreBusy: as `newest`.
        StoreDenied: as `newest`.
    """
    return _module(store).readings(store, name, start, stop)


def _module(store: Store) -> Module:
    if store.kind not in MODULES:
        raise ConfigurationError(f"expected a store that can be asked for its series ({', '.join(MODULES)}), got {store.kind}")
    return cast("Module", import_module(MODULES[store.kind]))
