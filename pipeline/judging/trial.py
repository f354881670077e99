"""A candidate beside all baselines and the champion, measured on the days that decide, and the verdict on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.baselines import baselines
from edge.forecaster.manifest import Check, Outcome
from edge.quoting import counted
from pipeline.history.table import Table
from pipeline.history.windows import HORIZONS, Split, judged_stride
from pipeline.judging.contender import Contender, comparable, contender
from pipeline.judging.evaluation import Evaluation, Facts, backtest
from pipeline.judging.verdict import Cost, Limits, Verdict, judge, silent_beyond
from pipeline.judging.weighing import Part

LOOKS_BACK = 56 * DAY  # time before the validation part by which baselines are chosen as well


@dataclass(frozen=True, slots=True)
class Trial:
    """A verdict and what it rests on.

    Args:
        verdict: the verdict on the candidate.
        candidate: its evaluation on every series, also those that it lost.
        champion: its evaluation on the same facts; None without a comparable one.
        baselines: their evaluations on the same facts.
        days: everything that was measured, in order of time; the held-out part is the last.
    """

    verdict: Verdict
    candidate: Evaluation
    champion: Evaluation | None
    baselines: tuple[Evaluation, ...]
    days: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of the days before the held-out part.

    Args:
        training: evaluations of the baselines on the end of the training part; empty where it is too short.
        validation: columns of the validation part; the candidate stopped and was calibrated there.
    """

    training: tuple[Evaluation, ...]
    validation: range


def plain(contract: Contract, names: Sequence[str]) -> list[Contender]:
    """Every baseline that fits the contract."""
    return [contender(baseline, names) for baseline in baselines(contract)]


def earlier_of(table: Table, contract: Contract, parts: Split, scale: Float64) -> Earlier:
    """The days before the held-out part; arguments as of `Facts`."""
    most = max(LOOKS_BACK // contract.interval, HORIZONS * contract.horizon)
    part = range(max(0, parts.training.stop - most), parts.training.stop)
    facts = Facts(table, contract, part, scale)
    return Earlier(backtest(plain(contract, table.names), facts, judged_stride(table, contract, part)), parts.validation)


def trial(
    candidate: Contender,
    champion: Contender | None,
    facts: Facts,
    cost: Cost | None = None,
    limits: Limits | None = None,
    earlier: Earlier | None = None,
) -> Trial:
    """Backtest the candidate beside all baselines and the champion, and judge it.

    A champion that forecasts other intervals, or that has no forecast where a baseline has one, cannot be judged beside.
    A check says so, and the candidate is judged against the baselines only.

    Args:
        candidate: forecaster to judge.
        champion: forecaster that is live, with its own contract and list of series.
        facts: facts to judge on, with the candidate's contract; every origin is judged from, or every n-th of many.
        cost: time and size of the candidate.
        limits: bounds that it has to keep.
        earlier: the days before these facts; None: the facts alone decide.
    """
    table, contract = facts.table, facts.contract
    stride = judged_stride(table, contract, facts.part)
    simple = plain(contract, table.names)
    before = [] if earlier is None else _parts(candidate, simple, facts, earlier)
    problem, live = None, None
    if champion is not None and not comparable(champion.forecaster.contract, contract):
        problem = f"the champion ({champion.forecaster.name}) forecasts another interval, horizon or aggregation"
        champion = None
    if champion is not None:
        judged, live, *references = backtest([candidate, champion, *simple], facts, stride)
        if silent := silent_beyond(live, references):
            problem = f"the champion ({live.forecaster}) has no forecast for {counted(silent, 'fact')} that a baseline forecast"
            live = None
    if live is None:
        judged, *references = backtest([candidate, *simple], facts, stride)
    verdict = judge(judged, references, live, cost, limits, before)
    if problem is not None:
        check = Check("champion", Outcome.NOT_JUDGED, f"{problem}; judged against the baselines only")
        verdict = replace(verdict, checks=(*verdict.checks, check))
    days = (*before, Part(tuple(references), judged))
    return Trial(verdict, judged, live, tuple(references), days)


def _parts(candidate: Contender, simple: Sequence[Contender], facts: Facts, earlier: Earlier) -> list[Part]:
    """The days before the held-out part, with the candidate where it was not trained."""
    part = earlier.validation
    stride = judged_stride(facts.table, facts.contract, part)
    own, *others = backtest([candidate, *simple], replace(facts, part=part), stride)
    return [*([Part(earlier.training)] if earlier.training else []), Part(tuple(others), own)]
