"""What a network is made of, and which networks a configuration asks for."""

from dataclasses import dataclass, replace

from edge.config.training_sections import Train
from edge.contract.contract import Contract
from edge.contract.times import DAY, UNITS
from edge.errors import ConfigurationError
from edge.forecaster.manifest import Cell, Design
from pipeline.starter.start import Start, start_of
from pipeline.training.cells import CELLS

NATURAL_SEGMENTS = (DAY, UNITS["h"], UNITS["min"])  # ns, the best one first
SMALL_STATE, LARGE_STATE = 64, 128  # units, where the configuration gives none
LONG_WINDOW = 336  # values from which on the large state is taken


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a network is made of.

    Args:
        cell: recurrent cell.
        design: `segment`, or `plain` for one step per interval.
        units: size of the state and of the embeddings.
        segment: intervals per segment; None takes a day, see `segment_length`.
        dropout: share of the decoded state left out in training.

    Raises:
        ConfigurationError: a value out of range.
    """

    cell: Cell = "gru"
    design: Design = "segment"
    units: int = 64
    segment: int | None = None
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values that no network can be built from."""
        if self.cell not in CELLS:
            raise ConfigurationError(f"cell must be one of {', '.join(CELLS)}; got {self.cell!r}")
        if self.design not in ("segment", "plain"):
            raise ConfigurationError(f"design must be segment or plain; got {self.design!r}")
        if self.units < 1 or (self.segment is not None and self.segment < 1) or not 0 <= self.dropout < 1:
            raise ConfigurationError(
                "units and segment must be at least 1 and dropout within 0…1; "
                f"got units={self.units}, segment={self.segment}, dropout={self.dropout}"
            )


def segment_length(architecture: Architecture, contract: Contract) -> int:
    """Intervals per segment: as asked for, else a day, else an hour, else a minute, else a quarter of the window.

    With a day the network sees every day at the same phase in few steps. A day, an hour or a minute is taken where it is a
    whole number of at least eight intervals and fits the window twice. A segment is never longer than the window.
    """
    if architecture.segment is not None:
        return min(architecture.segment, contract.window)
    return _natural(contract.interval, contract.window)


def parts_of(architecture: Architecture, contract: Contract) -> tuple[tuple[int, int], ...]:
    """What a window consists of, in its order: number of values and of those per segment, for each resolution.

    The last part is that of the intervals. A segment of spans is chosen as one of intervals is. In the textbook design every
    value is a step of its own.
    """
    if architecture.design == "plain":
        return ((contract.columns, 1),)
    coarse = ((part.count, _natural(part.steps * contract.interval, part.count)) for part in contract.coarse)
    return (*coarse, (contract.window, segment_length(architecture, contract)))


def recurrent_steps(architecture: Architecture, contract: Contract) -> int:
    """Number of steps that the recurrent layer takes over a window."""
    return sum(-(-values // segment) for values, segment in parts_of(architecture, contract))


def _natural(interval: int, count: int) -> int:
    """Values per segment: a day, an hour or a minute of them, or a quarter of all.

    Args:
        interval: length of time that a value stands for, ns.
        count: number of values.
    """
    for length in NATURAL_SEGMENTS:
        steps, rest = divmod(length, interval)
        if not rest and 8 <= steps <= count // 2:
            return steps
    return max(1, count // 4)


def architectures(train: Train, contract: Contract) -> tuple[Architecture, ...]:
    """The candidates that the configuration asks for.

    Without a size of the state it is 64 units. For a long window, which gives a larger state something to hold, it is 128,
    except where a network of 64 begins with what a starter has learned.

    Args:
        train: section `[train]` of the configuration.
        contract: window, interval and horizon.
    """
    return tuple(
        sized if train.units or contract.columns < LONG_WINDOW or begins(sized, contract) else replace(sized, units=LARGE_STATE)
        for design in train.designs
        for cell in train.cells
        for sized in [Architecture(cell, design, train.units or SMALL_STATE, train.segment)]
    )


def begins(architecture: Architecture, contract: Contract) -> Start | None:
    """What a network of that architecture begins with; None where there is no starter for it."""
    if architecture.design != "segment":
        return None
    return start_of(architecture.cell, architecture.units, segment_length(architecture, contract), contract)
