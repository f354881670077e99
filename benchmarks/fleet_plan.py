"""The plan of a fleet of any size, from what one of each part takes: no server is asked, and nothing is measured here."""

from dataclasses import dataclass
from math import ceil

from edge.series.outlook import usual_refresh
from edge.series.scoring import default_leads

DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Constants:
    """What one of each takes; the defaults were measured, docs/scale.md has the commands.

    Args:
        agent_base: processor time of a reading in the agent without a closing, microseconds.
        agent_closing: processor time of an interval that closes, microseconds.
        memory_base: memory of an agent with few series, MB.
        memory_series: memory of one more series with a window of 168, kB.
        influx_rows: rows that an InfluxDB takes each second.
        influx_bytes: bytes that a row takes in InfluxDB after it is compacted.
        influx_series: memory of one series of InfluxDB in its index, bytes.
        sqlite_bytes: bytes that a row takes in SQLite.
        training_base: seconds of a training of one fleet and cell, whatever its size.
        training_series: seconds that it takes longer for each series.
        bundle: size of a bundle, kB.
        broker: processor time of a message in the broker, microseconds.
    """

    agent_base: float = 6.8
    agent_closing: float = 57.4
    memory_base: float = 75.0
    memory_series: float = 4.0
    influx_rows: float = 40_650.0
    influx_bytes: float = 41.2
    influx_series: float = 14_100.0
    sqlite_bytes: float = 37.0
    training_base: float = 67.0
    training_series: float = 0.0916
    bundle: float = 233.0
    broker: float = 28.7


@dataclass(frozen=True, slots=True)
class Shape:
    """A fleet of fleets.

    Args:
        sensors: number of series.
        gateways: number of agents; each is a fleet of its own.
        every: seconds between two readings of a sensor.
        interval: length of an interval, seconds.
        horizon: number of intervals ahead.
        cells: number of candidates per fleet.
        poll: seconds between two looks of an agent at its channel.
    """

    sensors: int = 1_000_000
    gateways: int = 100
    every: float = 60.0
    interval: float = 3600.0
    horizon: int = 24
    cells: int = 3
    poll: float = 60.0

    @property
    def refresh(self) -> int:
        """Intervals after which the whole horizon is written again, as `[agent] refresh` has it."""
        return usual_refresh(self.horizon)

    @property
    def written(self) -> float:
        """Rows that are written for each interval that closes, without the readings."""
        nearest = ((self.refresh - 1) * min(self.refresh, self.horizon) + self.horizon) / self.refresh
        return nearest + 2 * self.leads

    @property
    def leads(self) -> int:
        """Leads that are kept and scored: 1, a quarter, a half and the whole of the horizon."""
        return len(default_leads(self.horizon))

    @property
    def kept(self) -> int:
        """Rows that stay of each interval: the newest forecast of its moment, and forecast and score at each lead."""
        return 1 + 2 * self.leads


def plan(shape: Shape, constants: Constants) -> dict[str, float]:
    """The load of everything, by a name with its unit.

    Args:
        shape: numbers of sensors and gateways, and their rates.
        constants: what one of each takes.
    """
    each = ceil(shape.sensors / shape.gateways)
    readings, closings = each / shape.every, each / shape.interval
    rows = readings + closings * shape.written
    kept = readings + closings * shape.kept
    training = constants.training_base + constants.training_series * each
    return {
        "series per gateway": each,
        "messages/s per gateway": readings,
        "agent: share of a core": (readings * constants.agent_base + closings * constants.agent_closing) / 1e6,
        "agent: memory, MB": constants.memory_base + constants.memory_series * each / 1000,
        "store: rows written/s per gateway": rows,
        "store: rows written/s, all": rows * shape.gateways,
        "store: InfluxDBs of two cores that this needs": rows * shape.gateways / constants.influx_rows,
        "store: seconds that one InfluxDB takes for a closing of all series": shape.sensors
        * shape.written
        / constants.influx_rows,
        "broker: share of a core, one for all": readings * shape.gateways * constants.broker / 1e6,
        "store: rows that stay per day, all": kept * shape.gateways * DAY,
        "store: InfluxDB, GB per day, all": kept * shape.gateways * DAY * constants.influx_bytes / 1e9,
        "store: SQLite on a gateway, GB per day": kept * DAY * constants.sqlite_bytes / 1e9,
        "store: InfluxDB series per gateway": each * (2 + 2 * shape.leads),
        "store: InfluxDB index, MB per gateway": each * (2 + 2 * shape.leads) * constants.influx_series / 1e6,
        "spool: MB per hour without a store, per gateway": rows * 3600 * constants.influx_bytes / 1e6,
        "training: seconds of a fleet, one cell": training,
        "training: core hours of all fleets": training * shape.cells * shape.gateways / 3600,
        "training: cores for all fleets in 8 hours": training * shape.cells * shape.gateways / 3600 / 8,
        "registry: requests/s": shape.gateways / shape.poll,
        "registry: MB of a release to all": constants.bundle * shape.gateways / 1000,
        "Prefect: flow runs per day": shape.gateways,
    }


@dataclass(frozen=True, slots=True)
class Machine:
    """What one machine of each kind has.

    Args:
        memory: memory of a store's machine, MB.
        disk: its disk, GB.
        days: days that raw rows are kept.
        cores: cores of a trainer, which has 8 hours.
        closing: seconds in which everything that an interval brings is to be in the store.
    """

    memory: float = 8_000.0
    disk: float = 1_000.0
    days: float = 30.0
    cores: float = 2.0
    closing: float = 300.0


def breaking(shape: Shape, figures: dict[str, float], machine: Machine, agent: float = 0.0) -> list[tuple[str, float]]:
    """How many machines of its kind each part needs, the most first: that part breaks first where there is one of each.

    Args:
        shape: numbers of sensors and gateways, and their rates.
        figures: what `plan` gave for it.
        machine: what one has.
        agent: share of a core that an agent took which was run, with all that does not depend on its load.
    """
    parts = {
        "agent: core of its gateway": max(agent, figures["agent: share of a core"]),
        "broker: core, one broker for all": figures["broker: share of a core, one for all"],
        "store: rows/s": figures["store: InfluxDBs of two cores that this needs"],
        "store: closing of all series at once": figures["store: seconds that one InfluxDB takes for a closing of all series"]
        / machine.closing,
        "store: memory of the index": figures["store: InfluxDB index, MB per gateway"] * shape.gateways / machine.memory,
        "store: disk": figures["store: InfluxDB, GB per day, all"] * machine.days / machine.disk,
        "trainer: cores": figures["training: cores for all fleets in 8 hours"] / machine.cores,
    }
    return sorted(parts.items(), key=lambda part: -part[1])
