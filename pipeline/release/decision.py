"""What is released: the best candidate, a baseline where no candidate beats the baselines, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from edge.config.training_sections import Train
from edge.contract.columns import Float64
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import Backtest, Check, Metric, Outcome
from edge.forecaster.model import Model
from edge.release.meanings import disagreement
from pipeline.history.prepared import Prepared
from pipeline.judging.by_day import errors_by_day
from pipeline.judging.contender import on_device
from pipeline.judging.drift import expected, packed
from pipeline.judging.evaluation import Evaluation, Facts
from pipeline.judging.live_errors import judged_leads
from pipeline.judging.trial import Earlier, Trial, earlier_of, trial
from pipeline.judging.verdict import FRESH, STARTED, Cost, Limits, Verdict
from pipeline.judging.weighing import in_place, numbers_of
from pipeline.release.candidates import Candidate
from pipeline.release.instead import baseline_bundle, best_simple, is_outdone, makes_room
from pipeline.release.registry import Registry


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
    of each series goes out in a bundle without a model: the device gets its contract, and its forecasts are named after them.

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
    earlier = earlier_of(prepared.table, prepared.contract, prepared.split, prepared.scale)
    judged = {id(candidate): _judge(prepared, candidate, champion, train, earlier) for candidate in candidates}
    if other is not None:
        check = Check("champion", Outcome.NOT_JUDGED, f"the champion ({live}) does not fit: {other}")
        judged = {key: _with_check(each, check) for key, each in judged.items()}
    chosen = judged[id(choose(candidates, prepared.scale))]
    metrics, instead = metrics_of(chosen.trial, prepared.scale), best_simple(chosen.trial, prepared.scale)
    bundle = with_verdict(chosen.candidate.bundle, metrics, chosen.trial.verdict)
    bundle = Bundle(msgspec.structs.replace(bundle.manifest, backtest=_backtest(prepared, bundle, leads)), bundle.model)
    goes_out = bundle if chosen.trial.verdict.release else None
    if goes_out is None:
        network = None if champion is None or champion[1].model is None else chosen.trial.champion
        outdone = network is not None and is_outdone(network, instead, chosen.trial.baselines)
        if champion is None or outdone or makes_room(champion[1].manifest, instead, chosen.trial, prepared, train.margin):
            goes_out = baseline_bundle(prepared, instead, metrics)
    return Release(bundle, chosen, tuple(judged.values()), goes_out, live)


def _backtest(prepared: Prepared, bundle: Bundle, leads: Sequence[int]) -> Backtest:
    """What the monitor compares live errors with."""
    table, contract = prepared.table, prepared.contract
    chosen = judged_leads(contract.horizon, leads)
    entrant = on_device(Model(bundle), bundle, table.names)
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


def _judge(
    prepared: Prepared, candidate: Candidate, champion: tuple[Forecaster, Bundle] | None, train: Train, earlier: Earlier
) -> Judged:
    contract, part, names = prepared.contract, prepared.split.held_out, prepared.table.names
    model = Model(candidate.bundle)
    prior = STARTED if candidate.started else FRESH
    cost = Cost(candidate.latency, len(candidate.bundle.model or b""))
    judgement = trial(
        on_device(model, candidate.bundle, names),
        None if champion is None else on_device(*champion, names),
        Facts(prepared.table, contract, part, prepared.scale),
        cost=cost,
        limits=Limits(train.margin, prior, latency=train.max_latency, size=train.max_size),
        earlier=earlier,
    )
    return Judged(candidate, cost, judgement)


def _with_check(judged: Judged, check: Check) -> Judged:
    verdict = judged.trial.verdict
    return replace(judged, trial=replace(judged.trial, verdict=replace(verdict, checks=(*verdict.checks, check))))


def metrics_of(judgement: Trial, scale: Float64) -> list[Metric]:
    """Candidate, champion and baselines on the held-out part, for the manifest; the candidate as it would run."""
    champion = [judgement.champion] if judgement.champion else []
    others = [_metric(evaluation, scale, None) for evaluation in (*champion, *judgement.baselines)]
    chosen = numbers_of(judgement.baselines, judgement.verdict.replacements)
    return [_metric(in_place(judgement.candidate, judgement.baselines, chosen), scale, judgement.verdict), *others]


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


def with_verdict(bundle: Bundle, metrics: Sequence[Metric], verdict: Verdict) -> Bundle:
    """The same bundle with the figures and the checks of its verdict, and the baselines of the series that it lost."""
    rows = zip(bundle.manifest.series, verdict.replacements, strict=True)
    baselines = {name: simple for name, simple in rows if simple is not None}
    manifest = msgspec.structs.replace(bundle.manifest, metrics=list(metrics), checks=list(verdict.checks), baselines=baselines)
    return Bundle(manifest, bundle.model)
