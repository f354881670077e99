"""Recurrent cells side by side: everything about them that can be measured, and what each is good for.

Three designs of each cell: our `segment` and `plain` networks, and the tutorial network (`pipeline.cells.tutorial`). All are
converted, timed and judged on the device runtime, on the same held-out windows and facts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.forecaster.baselines import baselines
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Cell, Manifest, version_of
from edge.forecaster.model import Model, runtime_name
from pipeline.cells.cell_worker import CellRequest, CellStudy, Told, study_cell
from pipeline.cells.recall import Recall, RecallBudget
from pipeline.history.prepared import Prepared, some_windows
from pipeline.history.windows import judged_stride, samples
from pipeline.judging.evaluation import Evaluation, backtest, contender, skills_against, skills_by_lead
from pipeline.judging.metrics import mean_skill
from pipeline.release.candidates import PARITY_WINDOWS, Candidate
from pipeline.release.parity import golden, model_file, parity
from pipeline.release.precision import microseconds
from pipeline.training.architecture import Architecture, segment_length
from pipeline.training.cells import CELLS
from pipeline.training.settings import Settings

Form: TypeAlias = Literal["segment", "plain", "tutorial"]

FORMS: tuple[Form, ...] = ("segment", "plain", "tutorial")
TUTORIAL_WINDOW = 10
LEVEL = 0.01  # networks whose errors differ by less are level: a second seed moves them as much
TIMED = 64


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is trained, the same for every row.

    Args:
        settings: of the networks that forecast.
        recall: of the cells' memory.
        units: size of the state of every network that forecasts.
        forms: designs to compare.
        cells: recurrent cells to compare, in the order of the tables.
        trial: too little is trained for the figures to mean anything.
    """

    settings: Settings
    recall: RecallBudget
    units: int = 64
    forms: tuple[Form, ...] = FORMS
    cells: tuple[Cell, ...] = tuple(CELLS)
    trial: bool = False


def budget(size: Literal["quick", "usual", "full"], seed: int = 0) -> Budget:
    """Two designs and seconds, to try the command; minutes; or as much training as `gatecast retrain` gives."""
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
        cell: which.
        form: its design, or `tutorial`.
        bundle: with the converted model.
        steps: of the recurrence between the oldest value of a window and the first forecast.
        seconds_per_epoch: of its training.
    """

    cell: Cell
    form: Form
    bundle: Bundle
    steps: int
    seconds_per_epoch: float


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Everything measured of one network.

    Args:
        cell: which.
        form: its design, or `tutorial`.
        steps: of the recurrence between the oldest value of a window and the first forecast.
        parameters: trained numbers.
        size: of the file, bytes.
        seconds_per_epoch: of its training.
        single: microseconds per forecast of all leads at batch 1.
        batched: the same at batch 64.
        error_by_lead: mean absolute error on held-out readings, each series in units of its scale, float64 `[horizon]`.
        coverage: share of facts within its outermost quantiles; NaN without these.
        skill: skill as in the verdict (`metrics.mean_skill`); NaN where no series is judged.
        skill_by_lead: the same at every lead by itself, float64 `[horizon]`.
    """

    cell: Cell
    form: Form
    steps: int
    parameters: int
    size: int
    seconds_per_epoch: float
    single: float
    batched: float
    error_by_lead: Float64
    coverage: float
    skill: float
    skill_by_lead: Float64

    @property
    def name(self) -> str:
        """Such as `GRU segment`."""
        return f"{CELLS[self.cell].title} {self.form}"

    @property
    def error(self) -> float:
        """Mean over the leads."""
        return float(np.nanmean(self.error_by_lead))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole answer.

    Args:
        rows: one per network.
        uses: what each is good for, by `best_uses`.
        recalls: one per cell.
        baseline: the best of the baselines on the same facts.
        baseline_error: of it at every lead, float64 `[horizon]`.
        contract: of our networks.
        budget: of everything that was trained.
        series: number of them.
        windows: that were trained on in an epoch.
        facts: that every forecaster was judged on.
        runtime: of the device, name and version.
    """

    rows: tuple[Row, ...]
    uses: tuple[str, ...]
    recalls: tuple[Recall, ...]
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

    def recall(self, cell: Cell) -> Recall:
        """The memory of a cell."""
        return next(one for one in self.recalls if one.cell == cell)


def tutorial_contract(contract: Contract) -> Contract:
    """The same forecasts from the last ten values, without an interval."""
    return replace(contract, window=min(TUTORIAL_WINDOW, contract.window), quantiles=(0.5,))


def from_candidate(candidate: Candidate, architecture: Architecture, contract: Contract) -> Trained:
    """One of our own networks."""
    steps = contract.window if architecture.design == "plain" else -(-contract.window // segment_length(architecture, contract))
    seconds = candidate.record.seconds / candidate.record.epochs
    return Trained(architecture.cell, architecture.design, candidate.bundle, steps, seconds)


def study(
    cell: Cell, prepared: Prepared, units: int, settings: Settings, recall: RecallBudget | None, folder: Path, told: Told
) -> tuple[Trained, Recall | None]:
    """The tutorial network of a cell, converted and compared with itself, and the cell's memory if there is a budget for it.

    Raises:
        BundleError: the network cannot be converted, or the converted one does not forecast the same.
        HistoryError: the worker fails.
    """
    contract, parts = tutorial_contract(prepared.contract), prepared.split
    training = samples(prepared.table, contract, parts.training)
    windows, series = some_windows(prepared, contract, PARITY_WINDOWS)
    request = CellRequest(cell, units, contract, settings, recall, training, windows, series)
    found = study_cell(request, folder, told)
    bundle = _tutorial_bundle(cell, units, prepared, contract, found)
    bundle = Bundle(msgspec.structs.replace(bundle.manifest, golden=golden(Model(bundle), windows, series)), found.model)
    # Forecasts that are fed back hundreds of times make any rounding as large as they like.
    parity(found.forecasts, bundle, windows, series, leads=1)
    return Trained(cell, "tutorial", bundle, contract.window, found.seconds_per_epoch), found.recall


def _tutorial_bundle(cell: Cell, units: int, prepared: Prepared, contract: Contract, found: CellStudy) -> Bundle:
    created = datetime.now(UTC)
    file = model_file(found.model, Architecture(cell, "plain", units), found.parameters)
    name, stamp = version_of(created, cell, found.model), created.isoformat(timespec="seconds")
    return Bundle(Manifest(name, contract, list(prepared.table.names), stamp, version("gatecast"), model=file), found.model)


def measure(
    prepared: Prepared, trained: Sequence[Trained], recalls: Sequence[Recall], given: Budget, clock: Callable[[], float]
) -> Comparison:
    """Time and judge every network on the held-out part; nothing else should run meanwhile.

    Args:
        prepared: history.
        trained: at least one.
        recalls: one per cell.
        given: what everything was trained with.
        clock: seconds.
    """
    contract, names = prepared.contract, prepared.table.names
    models = [Model(one.bundle) for one in trained]
    judged = backtest(
        [*(contender(one, names, names) for one in models), *(contender(one, names) for one in baselines(contract))],
        prepared.table,
        contract,
        prepared.split.held_out,
        judged_stride(prepared.table, contract, prepared.split.held_out),
        prepared.scale,
    )
    references = judged[len(trained) :]
    rows = tuple(
        _row(one, model, evaluation, references, prepared, clock)
        for one, model, evaluation in zip(trained, models, judged[: len(trained)], strict=True)
    )
    errors = {reference.forecaster: reference.by_lead(prepared.scale) for reference in references}
    best = min(errors, key=lambda name: float(np.nanmean(errors[name])))
    return Comparison(
        rows,
        best_uses(rows, recalls),
        tuple(recalls),
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
    one: Trained,
    model: Model,
    judged: Evaluation,
    references: Sequence[Evaluation],
    prepared: Prepared,
    clock: Callable[[], float],
) -> Row:
    windows, series = some_windows(prepared, model.contract, TIMED)
    file = one.bundle.manifest.model
    return Row(
        one.cell,
        one.form,
        one.steps,
        file.parameters if file else 0,
        file.size if file else 0,
        one.seconds_per_epoch,
        *microseconds([model], windows, series, clock)[0],
        judged.by_lead(prepared.scale),
        judged.coverage,
        mean_skill(skills_against(judged, references)),
        np.array([mean_skill(lead) for lead in skills_by_lead(judged, references).T]),
    )


def titles(comparison: Comparison) -> str:
    """The cells that were compared, as people call them."""
    return ", ".join(CELLS[cell].title for cell in comparison.budget.cells)


def best_uses(rows: Sequence[Row], recalls: Sequence[Recall]) -> tuple[str, ...]:
    """What each network is good for, by rule from what was measured.

    Only a network with skill above 0 is good for anything. Of those, the quickest at batch 64 among
    the ones level with the least error is the default; further titles go to the least error, the smallest file, the
    quickest, and the least error of the cells that keep a value longest. One that another matches or beats in error,
    speed and size is outdone by it.

    Args:
        rows: one per network.
        recalls: of their cells.
    """
    useful = [row for row in rows if row.skill > 0]
    if not useful:
        return ("a baseline is better",) * len(rows)
    accurate = min(useful, key=lambda row: row.error)
    default = min((row for row in useful if row.error <= (1 + LEVEL) * accurate.error), key=lambda row: row.batched)
    smallest, fastest = min(useful, key=lambda row: row.size), min(useful, key=lambda row: row.batched)
    longest = max(recall.kept for recall in recalls)
    keeping = {recall.cell for recall in recalls if recall.kept == longest and longest > 0}
    lasting = min((row for row in useful if row.cell in keeping), key=lambda row: row.error, default=None)
    titles = {
        "default": default,
        "most accurate": accurate,
        "smallest": smallest,
        "fastest": fastest,
        "long memory": lasting,
    }
    uses = []
    for row in rows:
        if row not in useful:
            uses.append("a baseline is better")
            continue
        won = [title for title, winner in titles.items() if winner is row]
        better = [one for one in useful if one is not row and _outdoes(one, row)]
        if won:
            uses.append(", ".join(won))
        elif better:
            uses.append(f"outdone by {min(better, key=lambda one: one.error).name}")
        else:
            uses.append("in between")
    return tuple(uses)


def _outdoes(one: Row, other: Row) -> bool:
    return one.error <= other.error and one.batched <= other.batched and one.size <= other.size
