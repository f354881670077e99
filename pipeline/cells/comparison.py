"""Recurrent cells side by side: everything about them that can be measured, and what each is good for.

Three designs of each cell: our `segment` and `plain` networks, and the tutorial network (`pipeline.cells.tutorial`). All are
converted, timed and judged on the device runtime, on the same held-out windows and facts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.forecaster.baselines import baselines
from edge.forecaster.bundle import Bundle
from edge.forecaster.level import level
from edge.forecaster.manifest import Cell, Manifest, version_of
from edge.forecaster.model import Model, runtime_name
from pipeline.cells.cell_worker import CellRequest, CellStudy, Told, study_cell
from pipeline.cells.recall import Memory, RecallBudget
from pipeline.cells.uses import Form, Row, Use, best_uses
from pipeline.history.prepared import Prepared, some_windows
from pipeline.history.windows import judged_stride, samples
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Evaluation, Facts, backtest, skills_against, skills_by_lead
from pipeline.judging.metrics import mean_skill
from pipeline.release.candidates import PARITY_WINDOWS, Candidate
from pipeline.release.parity import Pairs, golden, model_file, parity
from pipeline.release.precision import microseconds
from pipeline.training.architecture import Architecture, shape_of
from pipeline.training.cells import CELLS
from pipeline.training.settings import Settings

FORMS: tuple[Form, ...] = ("segment", "plain", "tutorial")
TUTORIAL_WINDOW = 10
TIMED = 64  # windows per forecast while networks are timed


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is trained, the same for every row.

    Args:
        settings: settings of the networks that forecast.
        recall: training of the cells' memory.
        units: size of the state of every network that forecasts.
        forms: designs to compare.
        cells: recurrent cells to compare, in the order of the tables.
        trial: whether too little is trained for the figures to mean anything.
    """

    settings: Settings
    recall: RecallBudget
    units: int = 64
    forms: tuple[Form, ...] = FORMS
    cells: tuple[Cell, ...] = tuple(CELLS)
    trial: bool = False


def budget(size: Literal["quick", "usual", "full"], seed: int = 0) -> Budget:
    """The budget of a size: `quick` takes seconds and two designs, `usual` minutes, `full` as long as `gatecast retrain`."""
    if size == "quick":
        recall = RecallBudget((2, 5), (20, 20), batch=16, units=8, distances=(0, 2, 5), test=128, seeds=1)
        return Budget(
            Settings(epochs=1, windows=256, batch=64, validation_windows=256, seed=seed),
            recall,
            8,
            ("segment", "tutorial"),
            trial=True,
        )
    if size == "full":
        return Budget(Settings(seed=seed), RecallBudget(steps=(800, 500, 500, 500, 400, 400)))
    return Budget(Settings(epochs=6, windows=4_096, batch=128, seed=seed), RecallBudget())


@dataclass(frozen=True, slots=True)
class Trained:
    """A network as the device will run it.

    Args:
        cell: recurrent cell.
        form: design, or `tutorial`.
        bundle: converted model and its manifest.
        steps: number of steps of the recurrence between the oldest value of a window and the first forecast.
        seconds_per_epoch: seconds of training per epoch.
    """

    cell: Cell
    form: Form
    bundle: Bundle
    steps: int
    seconds_per_epoch: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `gatecast compare` measured.

    Args:
        rows: one row per network.
        uses: use of each network, by `best_uses`.
        memories: memory of each cell.
        baseline: name of the baseline with the least error on the same facts.
        baseline_error: its error at every lead, float64 `[horizon]`.
        contract: contract of our own networks.
        budget: training of everything.
        series: number of series.
        windows: number of windows in an epoch of training.
        facts: number of facts that every forecaster was judged on.
        runtime: name and version of the device's runtime.
    """

    rows: tuple[Row, ...]
    uses: tuple[Use, ...]
    memories: tuple[Memory, ...]
    baseline: str
    baseline_error: Float64
    contract: Contract
    budget: Budget
    series: int
    windows: int
    facts: int
    runtime: str

    @property
    def reference(self) -> float:
        """Error of the best baseline, mean over the leads."""
        return float(np.nanmean(self.baseline_error))

    def memory(self, cell: Cell) -> Memory:
        """The memory of a cell."""
        return next(memory for memory in self.memories if memory.cell == cell)


def tutorial_contract(contract: Contract) -> Contract:
    """The same forecasts from the last ten values and nothing else, without an interval."""
    return replace(contract, window=min(TUTORIAL_WINDOW, contract.window), coarse=(), quantiles=(0.5,), inputs=())


def from_candidate(candidate: Candidate, architecture: Architecture, contract: Contract) -> Trained:
    """One of our own networks."""
    steps = shape_of(architecture, contract).steps
    seconds = candidate.record.seconds / candidate.record.epochs
    return Trained(architecture.cell, architecture.design, candidate.bundle, steps, seconds)


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What is trained of a cell beside our own networks.

    Args:
        units: size of the state of the tutorial network.
        settings: settings of its training.
        recall: training of the cell's memory; None leaves it unmeasured.
    """

    units: int
    settings: Settings
    recall: RecallBudget | None = None


def study(cell: Cell, prepared: Prepared, plan: StudyPlan, folder: Path, told: Told) -> tuple[Trained, Memory | None]:
    """The tutorial network of a cell, converted and compared with itself, and the cell's memory if that is planned.

    Args:
        cell: recurrent cell.
        prepared: history.
        plan: trainings.
        folder: folder for the exchange with the training process.
        told: function called with the name of a part of the work, how much of it is done, and how much there is.

    Raises:
        BundleError: the network cannot be converted, or the converted one does not forecast the same.
        HistoryError: the worker fails.
    """
    contract, parts = tutorial_contract(prepared.contract), prepared.split
    training = samples(prepared.table, contract, parts.training)
    windows, series, _ = some_windows(prepared, contract, PARITY_WINDOWS)
    request = CellRequest(cell, plan.units, contract, plan.settings, plan.recall, training, windows, series)
    made = study_cell(request, folder, told)
    bundle = _tutorial_bundle(cell, plan.units, prepared, contract, made)
    model = Model(bundle, levels_of("tutorial"))
    # Only lead 1 is compared: feeding forecasts back hundreds of times multiplies every rounding error.
    parity(Pairs(windows, series, made.forecasts), model, leads=1)
    bundle = Bundle(msgspec.structs.replace(bundle.manifest, golden=golden(model, windows, series)), made.model)
    return Trained(cell, "tutorial", bundle, contract.window, made.seconds_per_epoch), made.memory


def levels_of(form: Form) -> Callable[[Float64], Float64]:
    """How the level of a window is found; the tutorial network sees the values as they are, since it is taught means."""
    return level if form != "tutorial" else lambda windows: np.zeros(len(windows))


def _tutorial_bundle(cell: Cell, units: int, prepared: Prepared, contract: Contract, made: CellStudy) -> Bundle:
    created = datetime.now(UTC)
    file = model_file(made.model, Architecture(cell, "plain", units), made.parameters)
    name, stamp = version_of(created, cell, made.model), created.isoformat(timespec="seconds")
    return Bundle(Manifest(name, contract, list(prepared.table.names), stamp, version("gatecast"), model=file), made.model)


def measure(
    prepared: Prepared, trained: Sequence[Trained], memories: Sequence[Memory], given: Budget, clock: Callable[[], float]
) -> Comparison:
    """Time and judge every network on the held-out part; nothing else should run meanwhile.

    Args:
        prepared: history.
        trained: networks, at least one.
        memories: memory of each cell.
        given: budget that everything was trained with.
        clock: function that gives seconds.
    """
    contract, names = prepared.contract, prepared.table.names
    models = [Model(network.bundle, levels_of(network.form)) for network in trained]
    networks = [contender(model, names, names) for model in models]
    judged = backtest(
        [*networks, *(contender(baseline, names) for baseline in baselines(contract))],
        Facts(prepared.table, contract, prepared.split.held_out, prepared.scale),
        judged_stride(prepared.table, contract, prepared.split.held_out),
    )
    references = judged[len(trained) :]
    rows = tuple(
        _row(network, model, evaluation, references, prepared, clock)
        for network, model, evaluation in zip(trained, models, judged[: len(trained)], strict=True)
    )
    errors = {reference.forecaster: reference.by_lead(prepared.scale) for reference in references}
    best = min(errors, key=lambda name: float(np.nanmean(errors[name])))
    return Comparison(
        rows,
        best_uses(rows, memories),
        tuple(memories),
        best,
        errors[best],
        contract,
        given,
        len(names),
        given.settings.windows_of(len(samples(prepared.table, contract, prepared.split.training))),
        int(judged[0].count.sum()),
        runtime_name(),
    )


def _row(
    network: Trained,
    model: Model,
    judged: Evaluation,
    references: Sequence[Evaluation],
    prepared: Prepared,
    clock: Callable[[], float],
) -> Row:
    windows, series, context = some_windows(prepared, model.contract, TIMED)
    file = network.bundle.manifest.model
    return Row(
        network.cell,
        network.form,
        network.steps,
        file.parameters if file else 0,
        file.size if file else 0,
        network.seconds_per_epoch,
        *microseconds([model], windows, series, context, clock)[0],
        judged.by_lead(prepared.scale),
        judged.coverage,
        mean_skill(skills_against(judged, references)),
        np.array([mean_skill(lead) for lead in skills_by_lead(judged, references).T]),
    )


def titles(comparison: Comparison) -> str:
    """The cells that were compared, as people call them."""
    return ", ".join(CELLS[cell].title for cell in comparison.budget.cells)
