"""What `gatecast compare` tells: tables for a terminal, the same as Markdown, and everything as data."""

from importlib.metadata import version

from rich.console import Console

from edge.contract.times import format_duration
from edge.quoting import counted
from flows.output.tables import finite, rich_table
from pipeline.cells.comparison import Comparison, titles
from pipeline.cells.recall import KEPT
from pipeline.report.page import Grid, gain, markdown, number, percent
from pipeline.training.cells import CELLS

TITLES = (
    "What each is good for",
    "Memory: recall of a marked value, by delay in steps",
    "Cost, and error in standard deviations of each series",
)
WIDEST = 100


def grids(comparison: Comparison) -> tuple[Grid, ...]:
    """The tables under `TITLES`."""
    answer = Grid(
        ("network", "memory retention", "speed", "parameters", "accuracy", "best use"),
        tuple(
            (
                row.name,
                comparison.memory(row.cell).retention,
                number(row.batched),
                f"{row.parameters:,}",
                gain(row.skill),
                use.text,
            )
            for row, use in zip(comparison.rows, comparison.uses, strict=True)
        ),
    )
    memory = Grid(
        ("cell", *(str(delay) for delay in comparison.memories[0].delays), "gradient kept"),
        tuple(
            (CELLS[measured.cell].title, *(f"{value:.2f}" for value in measured.recall), f"{measured.trained[-1]:.1e}")
            for measured in comparison.memories
        ),
    )
    detail = Grid(
        (
            *("network", "steps", "kB", "s/epoch", "µs at 1", "error", "lead 1"),
            f"lead {comparison.contract.horizon}",
            "covered",
        ),
        tuple(
            (
                row.name,
                str(row.steps),
                number(row.size / 1000),
                number(row.seconds_per_epoch, 2),
                number(row.single),
                number(row.error),
                number(float(row.error_by_lead[0])),
                number(float(row.error_by_lead[-1])),
                percent(row.coverage),
            )
            for row in comparison.rows
        ),
    )
    return answer, memory, detail


def notes(comparison: Comparison) -> tuple[str, ...]:
    """What the figures mean, and what they cost."""
    given, contract = comparison.budget, comparison.contract
    levels = contract.quantiles
    recall = given.recall
    trial = ("A QUICK TRY, hardly trained: these figures are no result.",) if given.trial else ()
    return (
        *trial,
        (
            f"memory retention: steps over which a cell of {recall.units} units keeps a marked value among random ones "
            f"(recall of at least {KEPT:g}); speed: µs per forecast of {contract.horizon} leads at batch 64, one thread; "
            "accuracy: skill, 1 - error / error of each series' best baseline, mean over the series."
        ),
        (
            f"error: mean absolute error on held-out readings; {counted(comparison.facts, 'fact')} of "
            f"{comparison.series} series, interval {format_duration(contract.interval)}; covered: facts within the interval, "
            f"{percent(levels[-1] - levels[0])} is right; gradient kept: d state / d value {recall.distances[-1]} steps back."
        ),
        (
            "tutorial: Sequential([cell(units), Dense(1)]) on the last 10 values, squared error; it says one step, and "
            "further leads feed its own forecasts back, so its time is that of all leads."
        ),
        (
            f"trained with {counted(given.units, 'unit')}, at most {counted(given.settings.epochs, 'epoch')} of "
            f"{counted(comparison.windows, 'window')}, "
            f"one seed ({given.settings.seed}), so differences of 1-2 % in error are chance; memory: median of {recall.seeds} "
            f"seeds, {sum(recall.steps):,} steps of {recall.batch} streams each, recall is 1 - squared error / variance; "
            f"{comparison.runtime}."
        ),
    )


def text(comparison: Comparison) -> str:
    """Tables and notes for a terminal of 80 to 100 columns."""
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    with console.capture() as captured:
        for title, grid in zip(TITLES, grids(comparison), strict=True):
            console.print(rich_table(grid, title=title, gap=1, words=("best use",)))
        for note in notes(comparison):
            console.print(note, markup=False)
    return captured.get().rstrip()


def markdown_text(comparison: Comparison) -> str:
    """The same as Markdown."""
    parts = [f"# {titles(comparison)}: measured side by side\n"]
    for title, grid in zip(TITLES, grids(comparison), strict=True):
        parts.append(f"## {title}\n\n{markdown(grid)}")
    parts.append("\n".join(f"* {note}" for note in notes(comparison)) + "\n")
    return "\n".join(parts)


def document(comparison: Comparison) -> dict[str, object]:
    """Every figure; None where there is none."""
    given, contract = comparison.budget, comparison.contract
    return {
        "networks": [
            {
                "cell": row.cell,
                "design": row.form,
                "best_use": use.text,
                "steps": row.steps,
                "parameters": row.parameters,
                "bytes": row.size,
                "seconds_per_epoch": round(row.seconds_per_epoch, 3),
                "microseconds_at_batch_1": round(row.single, 2),
                "microseconds_at_batch_64": round(row.batched, 2),
                "error": finite(row.error),
                "skill": finite(row.skill),
                "error_by_lead": [finite(value) for value in row.error_by_lead.tolist()],
                "coverage": finite(row.coverage),
            }
            for row, use in zip(comparison.rows, comparison.uses, strict=True)
        ],
        "memory": [
            {
                "cell": measured.cell,
                "kept_steps": measured.kept,
                "delays": list(measured.delays),
                "recall": [finite(value) for value in measured.recall],
                "recall_lowest": [finite(value) for value in measured.lowest],
                "recall_highest": [finite(value) for value in measured.highest],
                "distances": list(measured.distances),
                "gradient_norm_fresh": [finite(value) for value in measured.fresh],
                "gradient_norm_trained": [finite(value) for value in measured.trained],
                "seconds": round(measured.seconds, 2),
            }
            for measured in comparison.memories
        ],
        "baseline": {
            "name": comparison.baseline,
            "error": finite(comparison.reference),
            "error_by_lead": [finite(value) for value in comparison.baseline_error.tolist()],
        },
        "contract": {
            "interval": format_duration(contract.interval),
            "window": contract.window,
            "horizon": contract.horizon,
            "quantiles": list(contract.quantiles),
        },
        "budget": {
            "epochs": given.settings.epochs,
            "windows_per_epoch": comparison.windows,
            "units": given.units,
            "seed": given.settings.seed,
            "memory_units": given.recall.units,
            "memory_steps": list(given.recall.steps),
            "memory_seeds": given.recall.seeds,
            "memory_batch": given.recall.batch,
            "memory_learning_rate": given.recall.learning_rate,
        },
        "series": comparison.series,
        "facts": comparison.facts,
        "runtime": comparison.runtime,
        "trial": given.trial,
        "gatecast": version("gatecast"),
    }
