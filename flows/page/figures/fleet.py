"""The agents, what they could not use, and the runs of the trainer. No I/O."""

import math
from dataclasses import dataclass

from edge.contract.schema import FALLBACK_FORECASTS, LOST, MICROSECONDS, MODEL, SILENT_SERIES, SKIPPED, WEAKER
from edge.contract.times import UNITS
from edge.stores.asking.answer import Answer

UP = 5 * UNITS["min"]  # ns; an agent that has reported within this time is up
# A forecast by a baseline is a forecast: nothing was left out.
REASONS = (*SKIPPED, *LOST, *(field for field in WEAKER if field is not FALLBACK_FORECASTS))
# The first field stands in every report.
AGENT_FIELDS = (
    "readings",
    "readings_per_second",
    "backlog",
    "lag_seconds",
    MICROSECONDS.name,
    SILENT_SERIES.name,
    FALLBACK_FORECASTS.name,
    MODEL.name,
    *(field.name for field in REASONS),
)
RUN_FIELDS = ("seconds", "failed", "released", "cause", "verdict", "challenger", "skill", "coverage")
MOST_RUNS = 6


@dataclass(frozen=True, slots=True)
class AgentRow:
    """What an agent has said of itself last.

    Args:
        name: name of the agent.
        time: time of its report, ns UTC.
        rate: readings taken per second.
        readings: readings taken since its start.
        backlog: bytes that wait for the store.
        lag: seconds from the arrival of a message to its commit.
        microseconds: time of one forecast, µs; NaN where a baseline forecasts.
        silent: series whose readings have stopped.
        model: version of its bundle, or name of the baseline.
        drops: description of a reason to the number of messages, readings, rows or blocks since its start, the largest first.
        by_baseline: forecasts made by a baseline since its start, not by the network of the bundle; NaN where there was none.
    """

    name: str
    time: int
    rate: float
    readings: float
    backlog: float
    lag: float
    microseconds: float
    silent: float
    model: str
    drops: tuple[tuple[str, int], ...] = ()
    by_baseline: float = math.nan

    def is_up(self, clock: int) -> bool:
        """Whether it has reported lately, by the clock of this machine, ns UTC."""
        return clock - self.time <= UP


def agents_of(answer: Answer) -> tuple[AgentRow, ...]:
    """The agents by name.

    Args:
        answer: newest rows of the measurement `agent`, with `AGENT_FIELDS`.
    """
    numbers = {name: answer.numbers(name) for name in AGENT_FIELDS if name != MODEL.name}
    models = answer.texts(MODEL.name)
    rows = []
    for index, name in enumerate(answer.owners):
        told = {field: float(column[index]) for field, column in numbers.items()}
        drops = [(_reason(field.name, field.text), int(told[field.name])) for field in REASONS if told[field.name] > 0]
        rows.append(
            AgentRow(
                name,
                int(answer.time[index]),
                told["readings_per_second"],
                told["readings"],
                told["backlog"],
                told["lag_seconds"],
                told[MICROSECONDS.name],
                told[SILENT_SERIES.name],
                models[index],
                tuple(sorted(drops, key=lambda drop: (-drop[1], drop[0]))),
                told[FALLBACK_FORECASTS.name],
            )
        )
    return tuple(sorted(rows, key=lambda row: row.name))


def _reason(name: str, text: str) -> str:
    """A reason for people: `skipped_bad_json` is `bad json`; the others are told by what the schema says of them."""
    short = name.removeprefix("skipped_")
    return f"skipped: {short.replace('_', ' ')}" if short != name else text.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the trainer.

    Args:
        time: end of the run, ns UTC.
        model: version that the run made; empty where it made none.
        verdict: result in one line.
        is_released: whether the version went out.
        has_failed: whether the run failed.
        skill: skill beside the baselines on the held-out part, a share; NaN where it is not known.
    """

    time: int
    model: str
    verdict: str
    is_released: bool
    has_failed: bool
    skill: float


def runs_of(answer: Answer) -> tuple[Run, ...]:
    """The newest runs, the newest first.

    Args:
        answer: rows of the measurement `retraining` with `RUN_FIELDS`, in order of time.
    """
    models, verdicts = answer.texts("challenger"), answer.texts("verdict")
    released, failed, skill = (answer.numbers(name) for name in ("released", "failed", "skill"))
    rows = [
        Run(int(answer.time[row]), models[row], verdicts[row], released[row] == 1, failed[row] == 1, float(skill[row]))
        for row in range(len(answer))
    ]
    return tuple(reversed(rows[-MOST_RUNS:]))


def total(values: list[float]) -> float:
    """The sum of the known numbers; NaN where none is known."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) if known else math.nan
