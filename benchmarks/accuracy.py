"""Accuracy on public sets, through the product's own way, beside the methods that it has to beat.

Training, conversion, choice of precision and the device's state and runtime are those of `gatecast retrain`; nothing is
fitted to or chosen on the part that is judged. Every method is a row of JSON, appended to a file as it comes;
`accuracy_tables.py` makes tables of them. Three questions:

    python benchmarks/accuracy.py --data DIR --json rows.jsonl                     # whole sets: every window of the test part
    python benchmarks/accuracy.py --data DIR --json rows.jsonl --weeks 2 4 8       # short histories, and four weeks after each
    python benchmarks/accuracy.py --data DIR --json rows.jsonl --gift              # windows of GIFT-Eval

Sets are files of DIR such as ETTm1.csv or ETTm1.csv.xz; `weather`, the set of the demo, needs none. `Tetuan@1h` has the means
of hours. ETT is parted as published (Zhou et al., Informer, 2021), the others .6, .2 and .2 of their time.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import accuracy_gift
import accuracy_short
import accuracy_whole
from accuracy_methods import PEERS, Recipe
from accuracy_rows import Gift, Rowbook, Rows, Short
from accuracy_sets import GIFT, WEATHER, cuts, load, read_set
from accuracy_tables import tables

from edge.config.training_sections import Train
from edge.errors import GatecastError
from edge.forecaster.manifest import Cell
from pipeline.processes.nursery import Nursery

WHOLE_SETS = ("ETTh1", "ETTm1", "Tetuan", "Beijing", "NABmachine", "NABambient", WEATHER)
SHORT_SETS = ("ETTh1", "Tetuan@1h", "Beijing")
METHODS = ("baselines", *PEERS, "gatecast", "starter", "tutorial")
STARTS = 3


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a run, done by one thread.

    Args:
        title: words for the progress.
        rows: function that measures, row by row.
    """

    title: str
    rows: Callable[[], Iterable[Rows]]


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the files; not needed for weather")
    parser.add_argument("--sets", nargs="+", help=f"default: {' '.join(WHOLE_SETS)}; with --weeks {' '.join(SHORT_SETS)}")
    parser.add_argument("--horizons", nargs="+", type=int, help="intervals; default: 96, with --weeks a day")
    parser.add_argument(
        "--methods", nargs="*", choices=METHODS, default=METHODS[:-2], help="default: all but starter and tutorial"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--weeks", nargs="+", type=int, help="short histories of so many weeks instead of whole sets")
    parser.add_argument("--starts", type=int, default=STARTS, help="moments at which short histories end; default: 3")
    parser.add_argument("--gift", action="store_true", help="windows of GIFT-Eval instead of whole sets")
    parser.add_argument("--window", type=int, help="intervals; default: as the product chooses; peers: a week, and four")
    parser.add_argument("--cells", nargs="+", choices=get_args(Cell), default=list(Train().cells), help="default: all")
    parser.add_argument("--designs", nargs="+", default=list(Train().designs), help="segment, plain; default: segment")
    parser.add_argument("--members", type=int, default=Train().members, help="networks averaged in one model; default: 1")
    parser.add_argument("--units", type=int, help="of the state; default: by the window")
    parser.add_argument("--missing", type=float, default=0.0, help="also with this share of every window missing")
    parser.add_argument("--unknown", action="store_true", help="also without telling the network which series it is")
    parser.add_argument("--unseen", action="store_true", help="each series by a network that never saw it, instead")
    parser.add_argument("--split", nargs=3, type=float, metavar="SHARE", help="parts of whole sets; default: see above")
    parser.add_argument("--workers", type=int, default=2, help="trainings at once, each on one core; default: 2")
    parser.add_argument("--json", type=Path, help="file that rows are appended to")
    return parser.parse_args(arguments)


def recipe_of(options: argparse.Namespace) -> Recipe:
    """What the options ask of `retrain`; without any, its defaults."""
    train = Train(cells=tuple(options.cells), designs=tuple(options.designs), units=options.units, members=options.members)
    return Recipe(train, options.window, Nursery("pipeline.training.worker"))


def whole(options: argparse.Namespace, recipe: Recipe) -> Iterator[Task]:
    """Every set and horizon: peers, then a training per seed."""
    for name in options.sets or WHOLE_SETS:
        data = load(options.data, name, options.split)
        for horizon in options.horizons or (96,):
            title = f"{name}, horizon {horizon}"
            if options.unseen:
                yield Task(f"{title}, unseen", partial(accuracy_whole.unseen_rows, data, horizon, recipe))
                continue
            yield Task(f"{title}, peers", partial(accuracy_whole.peer_rows, data, horizon, options.methods, options.window))
            for seed in options.seeds if "gatecast" in options.methods else ():
                seeded = recipe.with_seed(seed)
                rows = partial(accuracy_whole.network_rows, data, horizon, seeded, options.missing, unknown=options.unknown)
                yield Task(f"{title}, seed {seed}", rows)
            if "starter" in options.methods:
                yield Task(f"{title}, starter", partial(accuracy_whole.starter_rows, data, horizon))
            if "tutorial" in options.methods:
                rows = partial(accuracy_whole.tutorial_rows, data, horizon, options.seeds[0])
                yield Task(f"{title}, tutorial", rows)


def short(options: argparse.Namespace, recipe: Recipe) -> Iterator[Task]:
    """Every short history: peers, then a training per seed."""
    for name in options.sets or SHORT_SETS:
        table = read_set(options.data, name)
        for cut in cuts(name, table, options.weeks, options.starts):
            for horizon in options.horizons or (None,):
                title = f"{name}, {cut.weeks} weeks"
                rows = partial(accuracy_short.peer_rows, cut, horizon, options.methods, options.window)
                yield Task(f"{title}, peers", rows)
                for seed in options.seeds if "gatecast" in options.methods else ():
                    seeded = recipe.with_seed(seed)
                    yield Task(f"{title}, seed {seed}", partial(accuracy_short.network_rows, cut, horizon, seeded))


def gift(options: argparse.Namespace, recipe: Recipe) -> Iterator[Task]:
    """Both sets of GIFT-Eval: peers, then a training per seed."""
    for name in options.sets or GIFT:
        if name not in GIFT:
            sys.exit(f"--gift knows {' and '.join(GIFT)}; got {name}")
        file, interval = GIFT[name]
        table = read_set(options.data, f"{file}@{interval}", "sum")
        yield Task(f"{name}, peers", partial(accuracy_gift.peer_rows, name, table, options.methods, options.window))
        for seed in options.seeds if "gatecast" in options.methods else ():
            yield Task(f"{name}, seed {seed}", partial(accuracy_gift.network_rows, name, table, recipe.with_seed(seed)))


def measure(tasks: Iterable[Task], book: Rowbook, workers: int) -> list[str]:
    """Do all tasks, some at once; rows are written as they come.

    Returns:
        A line for each task that failed; the others are done all the same.
    """
    failures = []

    def do(task: Task) -> None:
        for row in task.rows():
            book.add(row)
            say(f"{task.title}: {_told(row)}")

    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(do, task): task for task in tasks}
        try:
            for done in as_completed(waiting):
                try:
                    done.result()
                except GatecastError as error:
                    failures.append(f"{waiting[done].title}: {error}")
                    say(failures[-1])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failures


def _told(row: Rows) -> str:
    method = f"{row.method} {row.cell}" if row.cell else row.method
    method += f", window {row.window}" if row.window else ""
    if isinstance(row, Short):
        return f"{method}: skill {row.skill:+.3f}" if row.skill is not None else f"{method}: every series stands still"
    if isinstance(row, Gift):
        return f"{method}: weighted quantile loss {row.weighted_quantile_loss:.4f}, MASE {row.mase:.3f}"
    return f"{method}: MSE {row.mse:.4f}, MAE {row.mae:.4f}"


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure what the arguments ask for."""
    options = parsed()
    recipe, book = recipe_of(options), Rowbook(options.json)
    tasks: list[Task] = []
    try:
        if options.gift:
            tasks += gift(options, recipe)
        if options.weeks:
            tasks += short(options, recipe)
        if not options.gift and not options.weeks:
            tasks += whole(options, recipe)
    except GatecastError as error:
        sys.exit(str(error))
    failures = measure(tasks, book, options.workers)
    print(tables(book.rows), end="")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
