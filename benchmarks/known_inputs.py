"""What inputs gain whose coming values are known: the fine dust of Beijing, and the weather as it turned out.

    python benchmarks/known_inputs.py --data DIR --horizons 24 96 --seeds 0 1
    python benchmarks/known_inputs.py --data DIR --past
    python benchmarks/known_inputs.py --data DIR --noise 2

DIR has Beijing.csv or Beijing.csv.xz (UCI 381, Liang et al. 2015, CC BY 4.0). A network is trained with the inputs and one
without, as `gatecast retrain` does, and each forecasts the test part: the first one also where no coming value is known. The
inputs are facts, because the set has no forecasts: forecasts of the weather would gain less. With `--past` the weather is known
as it is measured, and the newest value counts for the coming hours. With `--noise` there are inputs that tell nothing, and the
inputs are chosen as `gatecast retrain` does it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from accuracy_sets import Data, load, parted, prepared

from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet, Train
from edge.contract.ahead.issues import ALWAYS, Issues
from edge.contract.times import SECOND
from edge.forecaster.model import Model
from edge.inputs.rule import InputRule
from pipeline.history.defaults import with_clock
from pipeline.history.prepared import Prepared
from pipeline.history.table import Table
from pipeline.inputs.known import with_known
from pipeline.judging.contender import on_device
from pipeline.judging.evaluation import Facts, backtest
from pipeline.release.candidates import make_candidate
from pipeline.training.architecture import architectures
from pipeline.training.settings import settings_of
from pipeline.tuning.choosing import Brief, choose_inputs

SET, TARGET, INPUTS = "Beijing", "pm2.5", ("DEWP", "TEMP", "PRES", "Iws")
STRIDE = 3  # every third window of the test part is judged


@dataclass(frozen=True, slots=True)
class Figures:
    """Errors on the test part, in standard deviations of the training part.

    Args:
        horizon: intervals ahead.
        seed: seed of the training.
        inputs: `known`, `past` for inputs that are measured, `missing`, or `none` for a network without them.
        mse: mean squared error.
        mae: mean absolute error.
        coverage: share of the facts within the 80 % interval.
        size: bytes of the model file.
    """

    horizon: int
    seed: int
    inputs: str
    mse: float
    mae: float
    coverage: float
    size: int


def with_inputs(table: Table, target: str, inputs: Sequence[str], noise: int = 0, *, past: bool = False) -> Table:
    """One series of a table, and inputs.

    Args:
        table: table of a set.
        target: series to forecast.
        inputs: series that are inputs, always as they turned out.
        noise: number of further inputs that tell nothing.
        past: whether inputs are known as they are measured; else their coming values are known.
    """
    times, random = table.start + table.interval * np.arange(table.values.shape[1]), np.random.default_rng(0)
    issued = times + SECOND if past else np.full(len(times), ALWAYS)
    rows = {name: table.values[table.names.index(name)] for name in inputs}
    rows |= {f"noise {number}": random.normal(size=len(times)) for number in range(1, noise + 1)}
    ahead = {name: Issues(issued, times, row).on_grid(table.interval) for name, row in rows.items()}
    return replace(table.take([table.names.index(target)]), ahead=ahead)


def measured(data: Data, horizon: int, seed: int, epochs: int | None, *, past: bool, chosen: bool) -> Iterator[Figures]:
    """Networks with and without the inputs of a set of one series; a line on standard error says which are chosen."""
    fleet, train = Fleet(horizon=horizon), Train(cells=("gru",), seed=seed)
    ready = prepared(data, contract_at(fleet, data.table.interval))
    without = replace(ready, contract=with_clock(ready.contract, fleet, len(data.split.training)))
    end = data.table.start + data.split.training.stop * data.table.interval
    rules = [InputRule(name=name, fill="hold" if past else "none") for name in data.table.ahead]
    told = replace(without, contract=with_known(without.contract, data.table.ahead, end, rules))
    if chosen:
        with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
            told = choose_inputs(told, Brief(train, Path(folder)), lambda line: print(line, file=sys.stderr, flush=True))
    unknown = replace(data.table, ahead={})
    yield from _judged(told, {"past" if past else "known": data.table, "missing": unknown}, data, train, epochs)
    yield from _judged(without, {"none": unknown}, data, train, epochs)


def _judged(ready: Prepared, tables: dict[str, Table], data: Data, train: Train, epochs: int | None) -> Iterator[Figures]:
    settings = settings_of(train)
    with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
        settings = replace(settings, epochs=epochs or settings.epochs)
        bundle = make_candidate(ready, architectures(train, ready.contract)[0], settings, Path(folder)).bundle
    for inputs, table in tables.items():
        entrant = on_device(Model(bundle), bundle, table.names)
        facts = Facts(table, ready.contract, data.split.held_out, data.scale)
        (evaluation,) = backtest([entrant], facts, STRIDE)
        mse, mae = evaluation.pooled(data.scale)
        size = len(bundle.model or b"")
        yield Figures(ready.contract.horizon, train.seed, inputs, mse, mae, evaluation.coverage, size)


def main() -> None:
    """Print a line of JSON for each network and what it was told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the file")
    parser.add_argument("--horizons", nargs="+", type=int, default=[24], help="intervals ahead; default: 24")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="default: 0")
    parser.add_argument("--epochs", type=int, help="of a training at most; default: as retrain")
    parser.add_argument("--past", action="store_true", help="inputs are known as they are measured")
    parser.add_argument("--noise", type=int, default=0, help="number of inputs that tell nothing; inputs are chosen then")
    options = parser.parse_args()
    data = parted(SET, with_inputs(load(options.data, SET).table, TARGET, INPUTS, options.noise, past=options.past))
    for horizon in options.horizons:
        for seed in options.seeds:
            chosen = options.noise > 0
            for figures in measured(data, horizon, seed, options.epochs, past=options.past, chosen=chosen):
                print(json.dumps({name: getattr(figures, name) for name in figures.__slots__}), flush=True)


if __name__ == "__main__":
    main()
