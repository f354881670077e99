"""What is released: the best candidate, a baseline where no candidate beats the baselines, or nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from math import inf

import msgspec
import numpy as np

from edge.config.training_sections import Train
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.forecaster.baselines import Baseline, baselines
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import Backtest, Check, Manifest, Metric, Outcome, schema_of, version_of
from edge.forecaster.model import Model
from edge.release.meanings import disagreement
from pipeline.history.prepared import Prepared
from pipeline.history.usual import learned
from pipeline.judging.by_day import errors_by_day
from pipeline.judging.contender import contender
from pipeline.judging.drift import expected, packed
from pipeline.judging.evaluation import Evaluation, Facts, skills_against
from pipeline.judging.live_errors import judged_leads
from pipeline.judging.metrics import mean_skill
from pipeline.judging.verdict import Cost, Limits, Trial, Verdict, trial
from pipeline.release.candidates import Candidate
from pipeline.release.registry import Registry

OUTDONE = 0.05  # skill below 0 from which on a network does not stay live: so much is no chance


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate on the held-out part.

    Args:
        candidate: the candidate as it was trained.
        cost: time and size on this machine.
        trial: the verdict and the evaluations it rests on.
    """

    candidate: Candidate
    cost: Cost
    trial: Trial


@dataclass(frozen=True, slots=True)
class Release:
    """The verdict and its consequence.

    Args:
        candidate: bundle of the chosen candidate, with the figures of the verdict in its manifest.
        chosen: the chosen candidate, judged.
        judged: all candidates; only the chosen one can go out.
        goes_out: bundle of the candidate or of a baseline, or None where the champion stays.
        champion: version that was live when the candidates were judged; None where nothing was.
    """

    candidate: Bundle
    chosen: Judged
    judged: tuple[Judged, ...]
    goes_out: Bundle | None
    champion: str | None = None


def makes_room(champion: Manifest, best: Baseline, errors: Mapping[str, float], margin: float) -> bool:
    """Whether a champion is a baseline that the best one takes the place of: it has another contract, or a larger error.

    Args:
        champion: manifest of the bundle that is live.
        best: baseline with the least error, of the contract that is wanted now.
        errors: errors of the baselines by their names, each series in units of its scale.
        margin: share by which the error has to be below the champion's.
    """
    if champion.baseline is None or (champion.baseline, champion.contract) == (best.name, best.contract.plain):
        return False
    if champion.contract != best.contract.plain:
        return True
    return errors[best.name] < (1 - margin) * errors.get(champion.baseline, inf)


def is_outdone(champion: Evaluation, baseline: Evaluation) -> bool:
    """Whether a network that is live is clearly worse than a baseline on the readings that were held out.

    Args:
        champion: evaluation of the network.
        baseline: evaluation of the baseline on the same facts.
    """
    return mean_skill(skills_against(champion, [baseline])) < -OUTDONE


def decide(
    prepared: Prepared,
    candidates: Sequence[Candidate],
    champion: tuple[Forecaster, Bundle] | None,
    train: Train,
    leads: Sequence[int] = (),
) -> Release:
    """Judge every candidate on the held-out part and decide what is released.

    The one with the least error on the validation part may go out; the held-out part has no say in that choice. Where
    it loses and no champion is live, or one that is a worse baseline or a network that the baselines outdo, the best baseline
    goes out as a bundle without a model: the device gets its contract, and its forecasts are named after the baseline.

    Args:
        prepared: history.
        candidates: trained candidates, at least one.
        champion: the live forecaster, open, and its bundle; None where nothing is live. One that learned a series as another
            kind or with another hold is not judged: the devices refuse it, and no figure of it would be true.
        train: margin and budgets.
        leads: leads that agents score, as `[agent] leads`; empty: the default ones.
    """
    live = None if champion is None else champion[1].manifest.version
    other = None if champion is None else disagreement(champion[1].manifest, prepared.table.meaning_of)
    champion = champion if other is None else None
    judged = {id(candidate): _judge(prepared, candidate, champion, train) for candidate in candidates}
    if other is not None:
        check = Check("champion", Outcome.NOT_JUDGED, f"the champion ({live}) does not fit: {other}")
        judged = {key: _with_check(each, check) for key, each in judged.items()}
    chosen = judged[id(choose(candidates, prepared.scale))]
    metrics = metrics_of(chosen.trial, prepared.scale)
    bundle = with_verdict(chosen.candidate.bundle, metrics, chosen.trial.verdict.checks)
    bundle = Bundle(msgspec.structs.replace(bundle.manifest, backtest=_backtest(prepared, bundle, leads)), bundle.model)
    goes_out = bundle if chosen.trial.verdict.release else None
    if goes_out is None:
        best = best_baseline(chosen.trial.baselines, prepared.scale, prepared.contract)
        errors = {each.forecaster: each.scaled_error(prepared.scale) for each in chosen.trial.baselines}
        measured = next(each for each in chosen.trial.baselines if each.forecaster == best.name)
        network = None if champion is None or champion[1].model is None else chosen.trial.champion
        outdone = network is not None and is_outdone(network, measured)
        if champion is None or outdone or makes_room(champion[1].manifest, best, errors, train.margin):
            goes_out = baseline_bundle(prepared, best, metrics)
    return Release(bundle, chosen, tuple(judged.values()), goes_out, live)


def _backtest(prepared: Prepared, bundle: Bundle, leads: Sequence[int]) -> Backtest:
    """What the monitor compares live errors with."""
    table, contract = prepared.table, prepared.contract
    chosen = judged_leads(contract.horizon, leads)
    entrant = contender(Model(bundle), table.names, bundle.manifest.series, bundle.manifest.baselines)
    errors = errors_by_day(entrant, Facts(table, contract, prepared.split.held_out, prepared.scale), chosen)
    return packed(expected(errors), chosen)


def publish(release: Release, registry: Registry, channel: str) -> None:
    """Keep the candidate in the registry, let the channel name what is released, and delete what is long out of use.

    Doing it again changes nothing.

    Raises:
        GatecastError: the channel no longer names the champion the candidate was judged against; the candidate is kept,
            and nothing goes out.
    """
    registry.add(release.candidate)
    if release.goes_out is not None:
        registry.add(release.goes_out)
        registry.publish(release.goes_out.manifest.version, channel, expected=release.champion)
    registry.prune()


def _judge(prepared: Prepared, candidate: Candidate, champion: tuple[Forecaster, Bundle] | None, train: Train) -> Judged:
    contract, part, names = prepared.contract, prepared.split.held_out, prepared.table.names
    model = Model(candidate.bundle)
    cost = Cost(candidate.latency, len(candidate.bundle.model or b""))
    judgement = trial(
        contender(model, names, candidate.bundle.manifest.series),
        None
        if champion is None
        else contender(champion[0], names, champion[1].manifest.series, champion[1].manifest.baselines),
        Facts(prepared.table, contract, part, prepared.scale),
        cost=cost,
        limits=Limits(margin=train.margin, latency=train.max_latency, size=train.max_size),
    )
    return Judged(candidate, cost, judgement)


def _with_check(judged: Judged, check: Check) -> Judged:
    verdict = judged.trial.verdict
    return replace(judged, trial=replace(judged.trial, verdict=replace(verdict, checks=(*verdict.checks, check))))


def metrics_of(judgement: Trial, scale: Float64) -> list[Metric]:
    """Candidate, champion and baselines on the held-out part, for the manifest."""
    champion = [judgement.champion] if judgement.champion else []
    others = [_metric(evaluation, scale, None) for evaluation in (*champion, *judgement.baselines)]
    return [_metric(judgement.candidate, scale, judgement.verdict), *others]


def _metric(evaluation: Evaluation, scale: Float64, verdict: Verdict | None) -> Metric:
    errors = [float(error) if np.isfinite(error) else None for error in evaluation.by_lead(scale)]
    return Metric(
        evaluation.forecaster,
        errors,
        _known(evaluation.quantile_loss),
        None if verdict is None else _known(verdict.skill),
        _known(evaluation.coverage),
    )


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def choose(candidates: Sequence[Candidate], scale: Float64) -> Candidate:
    """The candidate with the least error on the validation part; the held-out part has no say in the choice."""
    return min(candidates, key=lambda candidate: candidate.loss(scale))


def with_verdict(bundle: Bundle, metrics: Sequence[Metric], checks: Sequence[Check]) -> Bundle:
    """The same bundle with the figures and the checks of its verdict."""
    return Bundle(msgspec.structs.replace(bundle.manifest, metrics=list(metrics), checks=list(checks)), bundle.model)


def baseline_bundle(prepared: Prepared, chosen: Baseline, metrics: Sequence[Metric]) -> Bundle:
    """A bundle without a model: the device gets its contract and the name of the best baseline."""
    created = datetime.now(UTC)
    content = hashlib.sha256(f"{prepared.table.data_hash} {chosen.name}".encode()).digest()
    manifest = Manifest(
        version_of(created, chosen.name, content),
        prepared.contract.plain,
        list(prepared.table.names),
        created.isoformat(timespec="seconds"),
        version("gatecast"),
        baseline=chosen.name,
        metrics=list(metrics),
        schema=schema_of(prepared.contract.plain, prepared.table.told),
        meanings=learned(prepared.table, prepared.split.training.stop),
    )
    return Bundle(manifest)


def best_baseline(evaluations: Sequence[Evaluation], scale: Float64, contract: Contract) -> Baseline:
    """The baseline with the least error, each series in units of its scale."""
    errors = {evaluation.forecaster: evaluation.scaled_error(scale) for evaluation in evaluations}
    return min(baselines(contract), key=lambda baseline: errors.get(baseline.name, float("inf")))
