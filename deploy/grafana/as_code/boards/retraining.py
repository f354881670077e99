"""The dashboard *Retraining*: what was trained, what was released and why, and whether the model drifts."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from as_code import board
from as_code.board import Section
from as_code.influxql import SHOWN, column, rows
from as_code.look import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    Line,
    Property,
    Size,
    Text,
    chart,
    dashed,
    listing,
    number,
    setting,
)
from edge.contract.schema import DRIFT, RETRAINING

RUNS = f"FROM {rows(RETRAINING)} WHERE {SHOWN}"
LOOKS = f"FROM {rows(DRIFT)} WHERE {SHOWN}"
NO_RUN = "no retraining in this time"
NO_LOOK = "the monitor has not looked in this time"
MOST = 100  # rows of a table
POINTS: list[Property] = [setting("custom.showPoints", "always"), setting("custom.pointSize", 7)]
SHARE: list[Property] = [setting("unit", "percentunit"), setting("decimals", 1)]


def _words(words: dict[str, tuple[str, str]]) -> list[ValueMap]:
    """Numbers shown as words, each with its colour."""
    return [ValueMap({key: ValueMappingResult(text=text, color=colour) for key, (text, colour) in words.items()})]


def _of(name: str) -> str:
    return f'SELECT {column(RETRAINING, name)} AS "{name}" {RUNS}'


def _numbers() -> Section:
    last = number(
        Text("Last run", "Whether the newest retraining has ended well. A run that releases nothing has not failed.", NO_RUN),
        Size(4, 4),
        f"SELECT last({column(RETRAINING, 'failed')}) {RUNS}",
    ).mappings([*_words({"0": ("done", "green"), "1": ("failed", "red")})])
    released = number(
        Text("Released", "Whether the newest retraining has put a new bundle in place.", NO_RUN),
        Size(4, 4),
        f"SELECT last({column(RETRAINING, 'released')}) {RUNS}",
    ).mappings([*_words({"0": ("kept the champion", "text"), "1": ("new champion", "green")})])
    cause = number(
        Text("Started by", "Why the newest retraining has run: schedule, drift, or by hand (manual).", NO_RUN),
        Size(4, 4),
        f'SELECT last({column(RETRAINING, "cause")}) AS "cause" {RUNS}',
        is_text=True,
    )
    challenger = number(
        Text("Challenger", "Version of the bundle that the newest retraining has made.", NO_RUN),
        Size(8, 4),
        f'SELECT last({column(RETRAINING, "challenger")}) AS "challenger" {RUNS}',
        is_text=True,
    )
    drifted = number(
        Text("Drift now", "What the monitor has seen at its newest look.", NO_LOOK),
        Size(4, 4),
        f"SELECT last({column(DRIFT, 'drifted')}) {LOOKS}",
    ).mappings([*_words({"0": ("none", "green"), "1": ("drifts", "orange")})])
    return Section("Newest run and newest look", [last, released, cause, challenger, drifted])


def _runs() -> Section:
    errors = [
        ("baseline_error", "best baseline", GREY),
        ("champion_error", "champion", BLUE),
        ("challenger_error", "challenger", ORANGE),
    ]
    compared = chart(
        Text(
            "Champion against challenger",
            "Error on the held-out days of each run, in units of the scale of each series: of the best baseline, of the "
            "champion before, and of the challenger that was trained. A challenger is released where it is better than both.",
            NO_RUN,
        ),
        Size(12, 9),
        [Line(_of(name), title, colour, POINTS) for name, title, colour in errors],
    )
    skill = chart(
        Text(
            "Skill and coverage",
            "Skill and coverage of the challenger on the held-out days of each run, as in the verdict.",
            NO_RUN,
            "percentunit",
        ),
        Size(7, 9),
        [Line(_of("skill"), "skill", GREEN, POINTS), Line(_of("coverage"), "coverage", PURPLE, POINTS)],
    )
    seconds = chart(
        Text("Time of a run", "How long each retraining has taken.", NO_RUN, "s"),
        Size(5, 9),
        [Line(_of("seconds"), "time", BLUE)],
        is_bars=True,
        least_step="1h",
    )
    columns = ["cause", "failed", "released", "verdict", "champion", "challenger"]
    numbers = ["champion_error", "challenger_error", "baseline_error", "skill", "coverage", "seconds"]
    selected = ", ".join(column(RETRAINING, name) for name in columns + numbers)
    table = listing(
        Text("Runs", f"The newest {MOST} runs in the time shown, with their verdicts.", NO_RUN),
        Size(24, 9),
        f"SELECT {selected} {RUNS} ORDER BY time DESC LIMIT {MOST}",
        ["Time", *columns, *numbers],
        {
            "failed": [setting("mappings", _words({"0": ("no", "text"), "1": ("yes", "red")}))],
            "released": [setting("mappings", _words({"0": ("no", "text"), "1": ("yes", "green")}))],
            "verdict": [setting("custom.width", 420)],
            "skill": SHARE,
            "coverage": SHARE,
            "seconds": [setting("unit", "s")],
        },
    )
    return Section("Runs", [compared, skill, seconds, table])


def _drift() -> Section:
    def line(name: str, title: str, colour: str, properties: list[Property]) -> Line:
        return Line(f"SELECT {column(DRIFT, name)} {LOOKS}", title, colour, properties)

    statistic = chart(
        Text(
            "Drift",
            "How far the live error lies above the expected one, in standard errors, at each look of the monitor; and the "
            "threshold from which on it is drift.",
            NO_LOOK,
        ),
        Size(12, 9),
        [line("threshold", "threshold", RED, [dashed()]), line("statistic", "statistic", BLUE, [])],
    )
    errors = chart(
        Text(
            "Live error and expected error",
            "Error of the live forecasts as a ratio to that of the baseline in the same intervals, so that a hard season "
            "counts for both, and the same ratio as the backtest of the model had it.",
            NO_LOOK,
        ),
        Size(12, 9),
        [line("expected_error", "expected", GREY, [dashed()]), line("live_error", "live", ORANGE, [])],
    )
    names = ["drifted", "raised", "statistic", "threshold", "live_error", "expected_error", "judged_series", "model"]
    table = listing(
        Text(
            "Looks that found drift",
            f"The newest {MOST} looks of the monitor that found drift.",
            "none: the model does not drift",
        ),
        Size(24, 7),
        f"SELECT {', '.join(column(DRIFT, name) for name in names)} {LOOKS} AND {column(DRIFT, 'drifted')} = 1 ORDER BY time "
        f"DESC LIMIT {MOST}",
        ["Time", *names],
    )
    return Section("Drift", [statistic, errors, table])


def retraining() -> Dashboard:
    """Runs, verdicts, champion against challenger, and drift."""
    text = "What was trained, what was released and why, and whether the model drifts."
    made = board.board("retraining", text, ("now-90d", "now"), [_numbers(), _runs(), _drift()])
    return made.annotation(board.releases()).annotation(board.drifts())
