"""History to release, as a Prefect flow: order, retries and visibility; every decision is made in `pipeline`."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from edge.config.sections import Config
from edge.errors import GatecastError, HistoryTooShort, StoreBusy
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import Manifest
from edge.forecaster.model import open_forecaster
from edge.quoting import counted
from flows.options import trainer_config
from flows.output.retrained import Retrained, retrained_text
from flows.progress import Show, current
from flows.retraining.fleet import fleet_name
from flows.retraining.limit import Limit, longest, within
from flows.retraining.record import Record, recorded, write_record
from flows.retraining.server import reachable_server
from flows.retraining.started import Started, begin, run_again
from flows.running.parcel import Parcel, Workshop
from flows.running.workshop import check_installed, workshop
from pipeline.history.cells import Workspace
from pipeline.history.defaults import short_clock, with_clock
from pipeline.history.from_store import History
from pipeline.history.prepared import Prepared, prepare_history
from pipeline.inputs.known import with_known
from pipeline.release.candidates import Candidate, Plan, make_candidate
from pipeline.release.decision import Release, decide
from pipeline.release.decision import publish as publish_release
from pipeline.release.fresh import trained_for, trained_on, trained_since
from pipeline.release.registry import Registry
from pipeline.report.page import markdown
from pipeline.report.report import candidate_grid, model_card, plot_png, validation_table
from pipeline.report.training_report import write_training_report
from pipeline.sources.opening import configured_history
from pipeline.training.architecture import Architecture
from pipeline.tuning.choosing import Brief, choose_inputs
from pipeline.tuning.choosing import choose as choose_window
from pipeline.tuning.study import library
from pipeline.tuning.tuning import Search, Tuned
from pipeline.tuning.tuning import tune as search_settings

NOTHING_NEW = "NothingNew"  # state of a run that ended early, because a training could bring nothing
RETRIES = (1.0, 5.0, 30.0)  # seconds before the store is tried again, for somebody who waits
PATIENT = (5.0, 30.0, 120.0, 300.0, 600.0)  # the same for a run that nobody waits for


def _store_is_away(_task: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's own types
    """Whether the store cannot be reached: a second try may help. It does not help against wrong data or a wrong password."""
    return isinstance(state.result(raise_on_failure=False), StoreBusy)


def _not_refused(_task: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's own types
    """Whether a disk or a network failed: a second try may help. It does not help where something was refused."""
    return not isinstance(state.result(raise_on_failure=False), GatecastError)


@task(
    name="extract",
    retries=len(RETRIES),
    retry_delay_seconds=list(RETRIES),
    retry_condition_fn=_store_is_away,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def extract(config: Config, until: int | None, folder: Path) -> History:
    """All readings of the store and of `[[history]]`, up to a moment, on the grid."""
    return configured_history(config, config.fleet, Workspace(folder), stop=until)


@task(name="validate", cache_policy=NO_CACHE, persist_result=False)
def validate(history: History, config: Config, fleet: str, show: Show) -> Prepared:
    """Series that cannot be trained on are left out with a line."""
    prepared = prepare_history(history)
    contract, training = prepared.contract, len(prepared.split.training)
    contract = with_clock(contract, config.fleet, training)
    until = prepared.table.start + training * contract.interval
    if (line := short_clock(contract, config.fleet)) is not None:
        show.note(f"  {line}")
    contract = with_known(contract, prepared.table.ahead, until, config.input)
    prepared = replace(prepared, contract=contract)
    create_markdown_artifact(key=f"gatecast-{fleet}-validation", markdown=validation_table(prepared.report))
    for warning in prepared.warnings:
        show.note(f"  {warning}")
    return prepared


@task(name="tune", cache_policy=NO_CACHE, persist_result=False)
def tune(prepared: Prepared, config: Config, trials: int, folder: Path, show: Show) -> Tuned:
    """Settings that suit this history, one line per trial."""
    registry = Path(config.registry.path)
    prepared = choose_inputs(prepared, Brief(config.train, folder / "choose"), show.note)
    return search_settings(prepared, config.fleet, config.train, Search(trials, registry, folder / "tune"), show.note)


@task(name="choose", cache_policy=NO_CACHE, persist_result=False)
def choose(prepared: Prepared, config: Config, folder: Path, show: Show) -> Tuned:
    """The inputs and the window that suit this history, the window where the configuration leaves it open."""
    brief = Brief(config.train, folder / "choose")
    return choose_window(choose_inputs(prepared, brief, show.note), config.fleet, brief, show.note)


@task(
    name="train", task_run_name="train-{architecture.cell}-{architecture.design}", cache_policy=NO_CACHE, persist_result=False
)
def train(architecture: Architecture, parcel: Parcel) -> Candidate:
    """One candidate: trained, converted, checked for parity, measured on the validation part; anywhere, see `Parcel`."""
    name, show, tuned = f"{architecture.cell} ({architecture.design})", parcel.show, parcel.tuned

    def progress(epoch: int, epochs: int, _training: float, validation: float) -> None:
        if show is not None:
            show.advance(name, epoch, epochs, f"epochs, validation loss {validation:.4f}")

    plan = Plan(parcel.train.precisions, parcel.train.max_size, tuned.chosen, parcel.nursery)
    with tempfile.TemporaryDirectory(prefix="gatecast-") as work:
        return make_candidate(tuned.prepared, architecture, tuned.settings, Path(work), progress, plan)


@task(name="judge", cache_policy=NO_CACHE, persist_result=False)
def judge(prepared: Prepared, candidates: list[Candidate], config: Config, fleet: str) -> Release:
    """The verdict on the best candidate, beside the baselines and the champion, on the device runtime."""
    champion = _champion(Registry(Path(config.registry.path)), config.registry.channel)
    release = decide(prepared, candidates, champion, config.train, config.agent.leads)
    create_markdown_artifact(key=f"gatecast-{fleet}-candidates", markdown=markdown(candidate_grid(release.judged)))
    create_markdown_artifact(key=f"gatecast-{fleet}-model-card", markdown=model_card(release.candidate.manifest))
    return release


@task(
    name="release",
    retries=2,
    retry_delay_seconds=2,
    retry_condition_fn=_not_refused,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def publish(release: Release, config: Config) -> None:
    """As `pipeline.release.decision.publish`."""
    publish_release(release, Registry(Path(config.registry.path)), config.registry.channel)


@task(name="plot", cache_policy=NO_CACHE, persist_result=False)
def plot(prepared: Prepared, release: Release, failures: list[str], config: Config, fleet: str) -> None:
    """Forecast against fact on the held-out part: the report and a picture in the registry, and the picture as an artifact."""
    path = Path(config.registry.path) / "plots" / f"{release.candidate.manifest.version}.png"
    plot_png(prepared, release, path)
    write_training_report(prepared, release, failures, path.with_suffix(".html"))
    create_image_artifact(
        key=f"gatecast-{fleet}-forecast", image_url=path.resolve().as_uri(), description="Forecast against fact"
    )


def _champion(registry: Registry, channel: str) -> tuple[Forecaster, Bundle] | None:
    """What is live, or None where nothing was released yet.

    Raises:
        BundleError: it is damaged; devices may hold a sound copy, so nothing may go out as if there were none.
    """
    bundle = registry.live(channel)
    return None if bundle is None else (open_forecaster(bundle), bundle)


@flow(name="retrain", persist_result=False, validate_parameters=False, on_crashed=[run_again])
def retrain(
    config_path: str, *, release: bool = True, until: int | None = None, trials: int = 0, cause: str = "manual"
) -> Retrained | State:
    """Retrain on the store's history and release what beats the baselines and the champion.

    A run of a deployment is ended after its longest time. Where a training could bring nothing it ends early, in the state
    `NothingNew`.

    Args:
        config_path: path of `gatecast.toml`.
        release: whether the better forecaster is released; False: it is only judged.
        until: moment, ns UTC, before which readings are used; None: all of them.
        trials: number of trials of the search for settings before the training; 0: there is no search.
        cause: reason of the run: `schedule`, `drift` or `manual`.

    Raises:
        GatecastError: one line that says what to do.
    """
    run = begin()
    config = trainer_config(Path(config_path))
    job = Job(config, fleet_name(Path(config_path), config), release, until, trials, current())
    with recorded(config, Record(job.fleet, cause, release), job.show.note) as record:

        def fail(line: str) -> None:  # in a process that hangs
            record.failure = line
            if run is not None:
                run.fail(line, lambda: write_record(config, record, job.show.note))

        ended = _ended(job, run, fail, asked=cause == "manual")
        record.result = ended if isinstance(ended, Retrained) else None
    return ended


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be retrained, and how.

    Args:
        config: configuration of the fleet.
        fleet: name of the fleet in Prefect.
        release: whether the better forecaster is released.
        until: moment, ns UTC, before which readings are used; None: all of them.
        trials: number of trials of the search for settings.
        show: bars and lines that a person sees.
    """

    config: Config
    fleet: str
    release: bool
    until: int | None
    trials: int
    show: Show


def _ended(job: Job, run: Started | None, fail: Callable[[str], None], *, asked: bool) -> Retrained | State:
    """The steps, as long as a run of a deployment may take."""
    if run is None:
        return _retrained(job)
    if (reason := trained_since(_trained(job.config), run.due, datetime.now(UTC))) is not None:
        return _nothing_new(job, reason)
    with within(longest(job.config), fail) as limit:
        return _retrained(job, run, limit, asked=asked or run.again)


def _retrained(job: Job, run: Started | None = None, limit: Limit | None = None, *, asked: bool = True) -> Retrained | State:
    """The steps in their order.

    Args:
        job: fleet and manner of the retraining.
        run: run of a deployment; None where somebody waits for the result.
        limit: longest time of the run; None where there is none.
        asked: whether it is trained on a history that was trained on before.
    """
    config, show = job.config, job.show
    read = extract if run is None else extract.with_options(retries=len(PATIENT), retry_delay_seconds=list(PATIENT))
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name, workshop(config.train) as shop:
        folder = Path(name)
        registry = Registry(Path(config.registry.path))
        released = registry.channel(config.registry.channel) is not None
        try:
            prepared = validate(read(config, job.until, folder), config, job.fleet, show)
        except HistoryTooShort as error:
            if released:
                raise
            until = "until then, gatecast promote last_value releases a baseline, and gatecast promote starter a network"
            raise HistoryTooShort(f"{error}; {until} that forecasts from the third day on") from error
        readings = sum(series.readings for series in prepared.report.series)
        show.note(f"  {len(prepared.table.names)} series, {counted(readings, 'reading')}; {prepared.contract.words}")
        if not asked and released:
            reason = trained_on(_trained(config), prepared.table.data_hash)
            if reason is not None:
                return _nothing_new(job, reason)
        tuned = tune(prepared, config, job.trials, folder, show) if job.trials else choose(prepared, config, folder, show)
        prepared = tuned.prepared
        candidates, failures = make_candidates(Parcel(tuned, config.train, show), shop)
        for failure in failures:
            show.note(f"  left out: {failure}")
        if limit is not None:
            limit.check()
        verdict = judge(prepared, candidates, config, job.fleet)
        if job.release:
            publish(verdict, config)
            plot(prepared, verdict, failures, config, job.fleet)
    retrained = Retrained(prepared, verdict, tuple(failures))
    if run is not None:
        show.note(retrained_text(retrained, released=job.release))
    return retrained


def _trained(config: Config) -> list[Manifest]:
    registry = Registry(Path(config.registry.path))
    live = registry.channel(config.registry.channel)
    return trained_for(registry.versions(), None if live is None else live.version)


def _nothing_new(job: Job, reason: str) -> State:
    job.show.note(f"  {reason}")
    return Completed(name=NOTHING_NEW, message=reason)


def make_candidates(parcel: Parcel, shop: Workshop) -> tuple[list[Candidate], list[str]]:
    """The candidates that could be made, and a line for each other; one that failed leaves the others alone."""
    candidates: list[Candidate] = []
    failures: list[GatecastError] = []
    if shop.apart:
        parcel.pack()
    with shop.task_runner() as runner:
        asked = parcel.tuned.architectures
        futures = [runner.submit(train, {"architecture": architecture, "parcel": parcel}) for architecture in asked]
        for architecture, future in zip(asked, futures, strict=True):
            try:
                candidate = shop.result(future)
            except GatecastError as error:
                failures.append(error)
                continue
            candidates.append(candidate)
            if parcel.show is not None:
                name, epochs = f"{architecture.cell} ({architecture.design})", candidate.record.epochs
                parcel.show.advance(name, epochs, epochs, "epochs, converted and verified")
    if not candidates:
        raise failures[0]
    return candidates, [str(failure) for failure in failures]


def run(config_path: Path, *, release: bool = True, until: int | None = None, trials: int = 0) -> Retrained:
    """The flow, on Prefect's server or on one of its own.

    Raises:
        GatecastError: one line that says what to do.
    """
    check_installed(trainer_config(config_path).train)  # before a server starts
    if trials:
        library()  # before the history is read
    with reachable_server():
        retrained = retrain(str(config_path), release=release, until=until, trials=trials)
    if isinstance(retrained, Retrained):
        return retrained
    raise AssertionError("only a run of a deployment ends early")
