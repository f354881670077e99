"""Memory: what the series and one step of closing their intervals take under a bundle's contract, and what this device has."""

import contextlib
import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.alerts.rule import AlertRule
from edge.anomalies.rule import OFF, AnomalyRule
from edge.contract.contract import Contract
from edge.publish.settings import Publish
from edge.series.scoring import default_leads
from edge.series.state import OPEN_INTERVALS

FORECAST_ROWS = 14_000  # forecast moments that are made and committed together
CELL, LAST_CELL = 9, 16  # bytes of an interval of a series: value and number of readings, or value and time of the last one
BLOCK = 10  # bytes of a coarse block: value and number of known intervals
SERIES = 1200  # bytes of a series beside these arrays: its name, tags and topic
MEDIAN, QUANTILE = 8, 4  # bytes of a forecast that waits for its fact: the median, each other quantile or the baseline
WINDOW = 3 * 8  # bytes of a value of a window that closes: cut, looked at, and as the model takes it
FORECAST = 4 * 8  # bytes of a forecast value that is made
RULE, LOOKED_AT = 83, 16  # bytes of a series for each rule of alerts; once for all rules
LEAVES, PASSED = (
    32,
    4,
)  # bytes of a series for a rule that looks back; for each interval that it, or one of a rise, looks back on
RULE_CLOSES = 2_100  # bytes of a window that closes and for which an alert is raised, for each rule
STRANGE, STRANGE_LEAD = 77, 5  # bytes of a series that is looked at for anomalies; for each lead that is scored
PUBLISHED, VALUE, SPARE = 45, 4, 1.25  # bytes of a series that is published; of each of its values; with room for more series
TOPIC = 200  # bytes of a topic on which the broker keeps a message: its name, where all are noted, and how they are written
ROW = 400  # bytes of a row for the store, from its columns to the commit
FEWEST = 100  # series that a device must have room for: a new one knows none of those that will come
KEPT = 2 << 20  # bytes at the end of the heap that the C library keeps from one step to the next
MOST = 1 << 31  # series; indices are int32
SHARE = 0.5  # of the memory that they may take; the rest is the program, the model and the spool
GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def memory(groups: Path = GROUPS, own: Path = OWN) -> int:
    """Bytes that this process may use: of the machine, or of a control group that it is in where that is less.

    Args:
        groups: folder of the control groups (version 2).
        own: file that names the group of this process; `MemoryMax` of a systemd unit is written there.
    """
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    group = groups
    with contextlib.suppress(OSError, UnicodeDecodeError):
        names = (line.partition("::/")[2] for line in own.read_text().splitlines() if line.startswith("0::/"))
        group = groups / next(names, "")
    while True:
        with contextlib.suppress(OSError, ValueError):  # no control group, or `max`
            least = min(least, int((group / "memory.max").read_text()))
        if group == groups or groups not in group.parents:
            return least
        group = group.parent


@dataclass(frozen=True, slots=True)
class Asked:
    """What a configuration asks for beside forecasts.

    Args:
        alerts: sections `[[alert]]`.
        anomaly: section `[anomaly]`.
        publish: section `[publish]`, or None.
        names: names of the series that are known; without any each rule counts as one that takes all.
    """

    alerts: Sequence[AlertRule] = ()
    anomaly: AnomalyRule = OFF
    publish: Publish | None = None
    names: Sequence[str] = ()

    @property
    def topics(self) -> float:
        """Topics on which the broker keeps a message, for each series; those of an alert that no series has are none."""
        if self.publish is None:
            return 0.0
        of_each = 1 + self.publish.home_assistant  # a state, and the device of it
        takes = [rule.takes for rule in self.alerts] + ([self.anomaly.takes] if self.anomaly.every != "off" else [])
        own = self.publish.retain + self.publish.home_assistant
        if not self.names:
            return own + of_each * len(takes)
        wanted = [name for name in self.names if self.publish.wants(name)]
        return sum(own + of_each * sum(take(name) for take in takes) for name in wanted) / len(self.names)

    def series(self, contract: Contract, leads: int) -> float:
        """Bytes that a series takes for it.

        Args:
            contract: contract of the forecasts.
            leads: number of leads that are scored.
        """
        size = LOOKED_AT * (len(self.alerts) > 0) + RULE * len(self.alerts) + TOPIC * self.topics
        for rule in self.alerts:
            size += LEAVES * (rule.condition == "leaves")
            size += PASSED * rule.leads(contract) * (rule.condition == "leaves" or rule.is_relative)
        if self.anomaly.every != "off":
            size += STRANGE + STRANGE_LEAD * leads
        if self.publish is not None:
            levels = len(self.publish.levels(len(contract.quantiles)))
            size += SPARE * (PUBLISHED + VALUE * contract.horizon * levels)
        return size


NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a device forecasts.

    Args:
        series: number of series.
        lateness: time that closed intervals are kept open, ns.
        leads: leads that are kept and scored; empty: the default of the horizon.
        counters: whether any series is a counter.
        asked: wishes of the configuration beside forecasts.
    """

    series: int
    lateness: int = 0
    leads: Sequence[int] = ()
    counters: bool = False
    asked: Asked = NOTHING


def at_once(contract: Contract, forecast_rows: int = FORECAST_ROWS) -> int:
    """Number of windows that close in one step, by readings or by the clock: it bounds the memory of a step.

    Args:
        contract: contract of the live bundle.
        forecast_rows: forecast moments of a step; eight values of a window count as one.
    """
    return max(1, forecast_rows // max(contract.horizon, contract.columns // 8))


def need(contract: Contract, fleet: Fleet) -> int:
    """Bytes that the series take, and one step of closing their intervals; the program and the model come on top."""
    quantiles = len(contract.quantiles)
    leads = [lead for lead in fleet.leads if lead <= contract.horizon] or default_leads(contract.horizon)
    columns = _columns(contract, fleet.lateness) + OPEN_INTERVALS
    cell = LAST_CELL if fleet.counters or contract.aggregation == "last" else CELL
    blocks = sum(part.count + 2 for part in contract.coarse) * BLOCK
    series = columns * cell + blocks + sum(leads) * (MEDIAN + QUANTILE * quantiles) + SERIES
    rows = contract.horizon + 2 * len(leads)
    closing = contract.columns * WINDOW + contract.horizon * quantiles * FORECAST + rows * ROW
    closing += RULE_CLOSES * len(fleet.asked.alerts)
    count = max(fleet.series, 1)
    series += round(fleet.asked.series(contract, len(leads)))
    return count * series + min(count, at_once(contract)) * closing


def expected_series(known: int, most: int) -> int:
    """Number of series that a device must have room for.

    Args:
        known: number of series that it knows, or that the bundle knows.
        most: `[agent] max_series`.
    """
    return max(known, min(most, FEWEST))


def shortage(contract: Contract, fleet: Fleet, room: int) -> str | None:
    """What is missing, in words; None where there is enough.

    Args:
        contract: contract of a bundle.
        fleet: series to forecast.
        room: memory that the process may use, bytes.
    """
    needed = need(contract, fleet)
    if needed <= SHARE * room:
        return None
    columns, values = _columns(contract, fleet.lateness), contract.horizon * len(contract.quantiles)
    late = -(-fleet.lateness // contract.interval)
    shorter = f"; shorten [agent] lateness, which is {late} of the intervals" if late > contract.window else ""
    return (
        f"it needs {needed / 2**20:,.0f} MB for {max(fleet.series, 1)} series of {columns} intervals and {values} forecast "
        f"values; expected at most {SHARE * room / 2**20:,.0f} MB, half of what the agent may use{shorter}"
    )


def most_series(contract: Contract, fleet: Fleet, room: int) -> int:
    """Largest number of series for which there is memory; 0 where there is not even for one.

    Args:
        contract: contract of a bundle.
        fleet: series of the device, whose number does not count.
        room: memory that the process may use, bytes.
    """
    low, high = 0, MOST
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if shortage(contract, replace(fleet, series=middle), room) is None else (low, middle - 1)
    return low


def _columns(contract: Contract, lateness: int) -> int:
    longest = max((part.steps for part in contract.coarse), default=0)  # a block is made of its intervals
    return contract.window + longest + -(-lateness // contract.interval)


def steady_memory() -> None:
    """Make the C library use the memory of a step again for the next one, and return what is larger at once.

    By default it keeps tens of megabytes. If it returned each array of a step, the system would clear all pages for the next
    step: that costs as much time as the step itself. To be called before there are other threads: all of them share one heap
    then, and what one of them has freed is there for the others.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
        library = ctypes.CDLL(None)
        library.mallopt(-8, 1)  # M_ARENA_MAX
        library.mallopt(-3, 4 << 20)  # M_MMAP_THRESHOLD
        library.mallopt(-1, KEPT)  # M_TRIM_THRESHOLD


def give_back_memory() -> None:
    """Make the C library return all memory that is free; after many steps it is, until the next interval ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
