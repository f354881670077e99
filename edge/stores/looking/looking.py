"""A look at whichever store there is."""

from importlib import import_module

from edge.errors import ConfigurationError
from edge.stores.looking.look import Look
from edge.stores.store import Store

# Modules with `look(store)` by the kind of the store; one is imported only where there is such a store.
LOOKING = {"sqlite": "edge.stores.looking.sqlite", "influxdb": "edge.stores.looking.influx"}


def look_at(store: Store) -> Look:
    """Write, read and delete a row, and learn what the store tells of itself.

    Raises:
        ConfigurationError: nobody has written how to look at such a store.
    """
    if store.kind not in LOOKING:
        raise ConfigurationError(f"expected a store that can be looked at ({', '.join(LOOKING)}), got {store.kind}")
    look: Look = import_module(LOOKING[store.kind]).look(store)
    return look
