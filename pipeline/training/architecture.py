"""What a network is made of, and which networks a configuration asks for."""

from dataclasses import dataclass, replace

from edge.config.training_sections import Train
from edge.contract.contract import Contract
from edge.contract.times import DAY, UNITS
from edge.errors import ConfigurationError
from edge.forecaster.manifest import Cell, Design
from pipeline.starter.start import Shape, Start, start_of
from pipeline.training.cells import CELLS

NATURAL_SEGMENTS = (DAY, UNITS["h"], UNITS["min"])  # ns, the best one first
SMALL_STATE, LARGE_STATE = 64, 128  # units, where the configuration gives none
FEWEST, NEAR = 96, 12  # distance of far leads that a network says, as a part of all; leads from which on distances grow
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
    """Values per segment: as asked for, else a day, else an hour, else a minute, else a quarter of the window.

    With a day the network sees every day at the same phase in few steps. A day, an hour or a minute is taken where it is a
    whole number of at least eight values and fits the window twice. A segment is never longer than the window. A value is an
    interval of the window, or with a coarse past one of the longest spans.
    """
    span, count = _longest(contract)
    return min(architecture.segment, count) if architecture.segment is not None else _natural(span, count)


def shape_of(architecture: Architecture, contract: Contract) -> Shape:
    """How a network cuts its window and its horizon.

    A segment of the horizon is as long as one of the window. With a coarse past it can have very many leads: then the network
    says some of them, the more of them the nearer. In the textbook design every value of the window is a step of its own, and
    the horizon is one segment.
    """
    interval, horizon = contract.interval, contract.horizon
    if architecture.design == "plain":
        return Shape(1, interval, contract.columns, (), horizon, tuple(range(horizon)))
    (span, count), segment = _longest(contract), segment_length(architecture, contract)
    steps = -(-count // segment)
    if not contract.coarse:
        return Shape(segment, span, steps, (), segment, tuple(range(segment)))
    finer = (*(part.count for part in contract.coarse[1:]), contract.window)
    ahead = min(horizon, segment * span // interval)
    return Shape(segment, span, steps, finer, ahead, _leads(ahead))


def _longest(contract: Contract) -> tuple[int, int]:
    """Length in ns and number of the longest spans of a window; of its intervals without a coarse past."""
    if not contract.coarse:
        return contract.interval, contract.window
    return contract.coarse[0].steps * contract.interval, contract.coarse[0].count


def _leads(ahead: int) -> tuple[int, ...]:
    """Leads that a network says of so many: all near ones, later ones at distances that grow up to a part of the whole."""
    leads, widest = [0], max(1, ahead // FEWEST)
    while leads[-1] < ahead - 1:
        leads.append(min(leads[-1] + max(1, min(widest, leads[-1] // NEAR)), ahead - 1))
    return tuple(leads)


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
    return start_of(architecture.cell, architecture.units, shape_of(architecture, contract), contract)
