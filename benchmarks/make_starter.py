"""The starter: networks that have seen many generated series, and that every training begins with.

    python benchmarks/make_starter.py --cells gru lstm simplernn --units 64

The windows are those of a week of hours, many of which begin late, as those of a new sensor do. In one half the network is told
the spread of the series, as of a series that it knows; in the other half it has the spread of the window. Nothing but generated
series is learned from or looked at. The result is a file for each cell and size in pipeline/starter/, in half precision.
"""

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import keras
import numpy as np
from starter_series import generate

from edge.contract.columns import Float64, Int64
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.manifest import Cell
from pipeline.history.usual import usual_ranges
from pipeline.history.windows import Samples
from pipeline.starter.start import HORIZON, SEGMENT, WINDOW, starter_file, write_starter
from pipeline.training.architecture import Architecture
from pipeline.training.build import build
from pipeline.training.settings import Settings, mean_loss
from pipeline.training.trainer import Trainer

SERIES, ORIGINS = 1_536, 38  # of an epoch, all of them new
LENGTH = WINDOW + HORIZON + 21 * SEGMENT  # intervals of a series
LATE, SHORTEST = 0.45, 0.12  # share of the windows that begin late, and the least share of such a window that is known
CONTRACT = Contract(DAY // SEGMENT, WINDOW, HORIZON, max_missing=1 - SHORTEST)


@dataclass(frozen=True, slots=True)
class Beginning(Samples):
    """Samples of series that began some time before the origin.

    Args:
        known: number of intervals before the origin that have a value, int64 `[n]`.
    """

    known: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))

    def windows(self, rows: Int64 | slice, contract: Contract) -> Float64:
        """As `Samples.windows`, with NaN before the series began."""
        windows = Samples.windows(self, rows, contract)
        return np.where(np.arange(contract.window) < contract.window - self.known[rows][:, None], np.nan, windows)


def beginning(seed: int) -> Beginning:
    """New samples; the same seed gives the same ones."""
    random = np.random.default_rng((7, seed))
    values = generate(random, SERIES, LENGTH, SEGMENT)
    origin = random.integers(WINDOW, LENGTH - HORIZON + 1, SERIES * ORIGINS)
    late = random.random(len(origin)) < LATE
    known = np.where(late, WINDOW * random.uniform(SHORTEST, 1, len(origin)), WINDOW).astype(np.int64)
    return Beginning(values, np.repeat(np.arange(SERIES, dtype=np.int32), ORIGINS), origin, known=known)


def train(cell: Cell, units: int, epochs: int) -> list[dict[str, float]]:
    """Train one starter and write its file, every few epochs; returns its course."""
    keras.utils.set_random_seed(0)
    random, started, course = np.random.default_rng(0), time.perf_counter(), []
    network = build(Architecture(cell, units=units, segment=SEGMENT), CONTRACT, np.ones(SERIES))
    network.identity.trainable = False  # a starter knows no series
    settings = Settings(epochs=epochs, windows=SERIES * ORIGINS, unknown=0.5, masked=0.1, averaging=0.99, budget=1e9)
    held = beginning(0)
    trainer = Trainer(network, held, held.values.std(axis=1), settings)
    for epoch in range(epochs):
        samples = beginning(1 + epoch)
        network.tell(samples.values.std(axis=1))
        trainer.samples, trainer.scale = samples, samples.values.std(axis=1).astype(np.float32)
        trainer.usual = usual_ranges(samples.values, LENGTH)
        (loss,) = trainer.epoch(epoch, random)
        if epoch % 10 == 9 or epoch == epochs - 1:
            network.tell(held.values.std(axis=1))
            trainer.scale = held.values.std(axis=1).astype(np.float32)
            trainer.usual = usual_ranges(held.values, LENGTH)
            validation = mean_loss(trainer.validate(held, np.arange(0, len(held), 7)))
            seconds = time.perf_counter() - started
            course.append({"epoch": epoch + 1, "seconds": seconds, "loss": loss, "validation": validation})
            print(json.dumps({"cell": cell, "units": units, **course[-1]}), flush=True)
            write_starter(starter_file(cell, units), network.parts(trainer.averaged_weights()))
    return course


def main() -> None:
    """Make what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", nargs="+", choices=get_args(Cell), default=list(get_args(Cell)), help="default: all")
    parser.add_argument("--units", nargs="+", type=int, default=[64], help="sizes of the state; default: 64")
    parser.add_argument("--epochs", type=int, default=100, help="of 58,368 windows each; default: 100")
    parser.add_argument("--json", type=Path, help="file for the course of the trainings")
    options = parser.parse_args()
    courses = {f"{cell}-{units}": train(cell, units, options.epochs) for cell in options.cells for units in options.units}
    if options.json:
        options.json.write_text(json.dumps(courses, indent=1) + "\n")


if __name__ == "__main__":
    main()
