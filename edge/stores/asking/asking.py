"""The questions, for whichever store there is. Nothing is written, and no other client is used."""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from edge.contract.schema import Measurement
from edge.errors import ConfigurationError
from edge.stores.asking.answer import Answer
from edge.stores.store import Store

# Modules with the functions of `Asked` by the kind of the store; one is imported only where there is such a store.
ASKING = {"sqlite": "edge.stores.asking.sqlite", "influxdb": "edge.stores.asking.influx"}


class Asked(Protocol):
    """A module that asks one kind of store."""

    def fields_of(self, store: Store, measurement: Measurement, /) -> list[str]:
        """As `fields_of`."""

    def newest(self, store: Store, measurement: Measurement, fields: Sequence[str], since: int, near: int | None, /) -> Answer:
        """As `newest`."""

    def means(
        self, store: Store, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int], /
    ) -> Answer:
        """As `means`."""

    def chosen(
        self, store: Store, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int], /
    ) -> Answer:
        """As `chosen`."""

    def averages(
        self,
        store: Store,
        measurement: Measurement,
        fields: Sequence[str],
        owners: Sequence[str],
        span: tuple[int, int],
        step: int,
        /,
    ) -> Answer:
        """As `averages`."""


def _asked(store: Store) -> Asked:
    if store.kind not in ASKING:
        raise ConfigurationError(f"expected a store that can be asked ({', '.join(ASKING)}), got {store.kind}")
    return cast("Asked", import_module(ASKING[store.kind]))


def fields_of(store: Store, measurement: Measurement) -> list[str]:
    """Names of the fields that any row of a measurement has.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    return _asked(store).fields_of(store, measurement)


def newest(store: Store, measurement: Measurement, fields: Sequence[str], since: int, *, near: int | None = None) -> Answer:
    """The newest row of each series, agent or fleet.

    Args:
        store: store that is asked.
        measurement: kind of the rows.
        fields: fields that are wanted; the newest row that has the first of them counts.
        since: time from which on rows count, ns UTC.
        near: largest lead, of a field, of the rows that count; None: rows need none.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    return _asked(store).newest(store, measurement, fields, since, near)


def means(
    store: Store, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int]
) -> Answer:
    """Means of fields over the rows of each owner, and their number as `count`; the store counts, and sends no row.

    Args:
        store: store that is asked.
        measurement: kind of the rows.
        fields: fields of numbers; a row counts where the first two are there and not below 0.
        owners: names of series; empty: all there are.
        span: first moment, and the first one after it that does not count, ns UTC.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    return _asked(store).means(store, measurement, fields, owners, span)


def chosen(
    store: Store, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int]
) -> Answer:
    """The rows of a few owners, in order of time; labels are fields too, and so is the lead where it is a tag.

    Args:
        store: store that is asked.
        measurement: kind of the rows.
        fields: fields that are wanted.
        owners: names of series, agents or fleets; empty: all there are.
        span: first moment, and the first one after it that does not count, ns UTC.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    return _asked(store).chosen(store, measurement, fields, owners, span)


def averages(
    store: Store, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int], step: int
) -> Answer:
    """Means of fields in steps of time for a few owners, in order of time; a step without a row is left out.

    Args:
        store: store that is asked.
        measurement: kind of the rows.
        fields: fields of numbers.
        owners: names of series, agents or fleets.
        span: first moment, and the first one after it that does not count, ns UTC.
        step: length of a step, ns; the time of a row is the beginning of its step.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    return _asked(store).averages(store, measurement, fields, owners, span, step)
