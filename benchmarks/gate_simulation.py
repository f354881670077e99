"""What a rule of release would have done on the cuts of `benchmarks/gate.py`, and how the four weeks after each went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gate_cuts import Days, Row

from edge.contract.columns import Bool, Float64, Int64
from pipeline.judging.chance import Prior
from pipeline.judging.evaluation import Blocks, Evaluation, skills_against
from pipeline.judging.metrics import MOST_LOST, mean_skill
from pipeline.judging.verdict import allowed_behind
from pipeline.judging.weighing import Part, Weighed, in_place, weigh

MARGIN = 0.01  # of `[train] margin`
CERTAIN = 1.0  # standard errors that a gain had to exceed before
PRIORS = (Prior(0.0, 0.1), Prior(0.05, 0.1), Prior(0.1, 0.1))
CANDIDATES = ("network", "ridge")
SMALLEST = 0.01  # training scales; smaller errors are as good as none
MOST = np.log(2.0)  # largest logarithm that one series counts as


@dataclass(frozen=True, slots=True)
class Result:
    """One cut under one rule.

    Args:
        released: whether the candidate goes out.
        gain: skill of what the candidate runs as, beside what would go out instead, in the weeks after the history.
        behind: mean logarithm of the error of what is out, as a share of that of the best baseline of hindsight.
    """

    released: bool
    gain: float
    behind: float


def evaluation(forecaster: str, days: Days, row: Row) -> Evaluation:
    """The sums of a forecaster on one part, by block of days; what is not kept by block is 0."""
    count = np.array(days.count, np.int64)
    error = np.array([[0.0 if one is None else one for one in series] for series in days.error]) * count
    covered, banded = np.array(days.covered, np.int64), np.array(days.banded, np.int64)
    whole: dict[str, Any] = {"count": count, "absolute_error": error, "covered": covered, "banded": banded}
    nothing: Any = np.zeros((len(count), 1))
    sums: dict[str, Any] = {name: blocks.sum(axis=1, keepdims=True) for name, blocks in whole.items()}
    rest = ("squared_error", "pinball", "absolute_fact", "width")
    empty = ("unanswered", "broken", "missed")
    return Evaluation(
        forecaster=forecaster,
        names=tuple(row.names),
        scale=np.array([np.nan if one is None else one for one in row.scale], np.float64),
        levels=tuple(row.levels),
        blocks=Blocks(**whole),
        **sums,
        **dict.fromkeys(rest, nothing),
        **{name: nothing.astype(np.int64) for name in empty},
    )


def _measured(row: Row, part: str, candidate: str) -> tuple[Evaluation | None, list[Evaluation]]:
    forecasters = row.parts[part]
    baselines = [evaluation(name, days, row) for name, days in forecasters.items() if name not in CANDIDATES]
    return evaluation(candidate, forecasters[candidate], row) if candidate in forecasters else None, baselines


def now(row: Row, candidate: str, prior: Prior) -> Result:
    """The rule of `pipeline/judging/verdict.py`: a gain is expected, by what was measured and by what is known of such ones.

    Args:
        row: the cut.
        candidate: `network` or `ridge`.
        prior: what is known before.
    """
    weighed = _weighed(row, candidate)
    kept = np.where(weighed.lost, 0.0, weighed.by_series)
    released = weighed.gain.expected(prior) > MARGIN and not _far(kept)
    return _result(row, candidate, released, weighed.chosen, weighed.best)


def beyond_chance(row: Row, candidate: str, errors: float = CERTAIN) -> Result:
    """The rule before: a gain beyond chance, few series far behind the best of hindsight, and a baseline for each lost one.

    Args:
        row: the cut.
        candidate: `network` or `ridge`.
        errors: standard errors that the gain must exceed.
    """
    weighed = _weighed(row, candidate)
    gain, (own, baselines) = weighed.gain, _measured(row, "held_out", candidate)
    if own is None:
        raise TypeError
    far = _far(skills_against(in_place(own, baselines, weighed.chosen), baselines))
    released = gain.value > MARGIN and gain.value > errors * gain.error and not far
    return _result(row, candidate, released, weighed.chosen, weighed.best)


def _far(gain: Float64) -> bool:
    """Whether more series are far behind than may be, float64 `[series]`."""
    return int((gain <= -MOST_LOST).sum()) > allowed_behind(gain)


def _weighed(row: Row, candidate: str) -> Weighed:
    parts = []
    for name in ("training", "validation", "held_out"):
        own, baselines = _measured(row, name, candidate)
        parts.append(Part(tuple(baselines), None if name == "training" else own))
    return weigh(parts)


def before(row: Row, candidate: str) -> Result:
    """The first rule: skill beside the best baseline of hindsight on the held-out part, else one baseline for all series."""
    own, baselines = _measured(row, "held_out", candidate)
    if own is None:
        raise TypeError
    skill = mean_skill(skills_against(own, baselines))
    best = int(np.argmin([each.scaled_error(own.scale) for each in baselines]))
    network = np.full(len(row.names), -1)
    return _result(row, candidate, skill > MARGIN, network, np.full(len(row.names), best))


def _result(row: Row, candidate: str, released: Bool | bool, chosen: Int64, instead: Int64) -> Result:
    own, baselines = _measured(row, "live", candidate)
    if own is None:
        raise TypeError
    runs = in_place(own, baselines, chosen)
    other = in_place(baselines[0], baselines, np.maximum(instead, 0))
    out, least = runs if released else other, np.min([each.by_series for each in baselines], axis=0)
    floor = SMALLEST * own.scale
    ratio: Float64 = np.log((out.by_series + floor) / (least + floor))
    gain = mean_skill(skills_against(runs, [other]))
    return Result(bool(released), gain, float(np.nanmean(np.clip(ratio, -MOST, MOST))))


def table_of(rows: Sequence[Row]) -> str:
    """Markdown: how often each rule releases what is worse, and refuses what is more than one per cent better."""
    lines = ["| rule | released | of these worse live | good ones refused | error of what is out |", "|---|---|---|---|---|"]
    for candidate in CANDIDATES:
        some = [row for row in rows if candidate in row.parts["live"]]
        if some:
            lines.append(_line(f"{candidate}, the first rule", (before(row, candidate) for row in some)))
            for errors in (0.0, CERTAIN):
                said = f"{candidate}, a gain above {errors:g} standard errors"
                lines.append(_line(said, (beyond_chance(row, candidate, errors) for row in some)))
            for prior in PRIORS:
                said = f"{candidate}, expected gain with {prior.mean:g} known before, give or take {prior.spread:g}"
                lines.append(_line(said, (now(row, candidate, prior) for row in some)))
    return "\n".join(lines) + "\n"


def _line(rule: str, results: Iterable[Result]) -> str:
    found = list(results)
    out = [result for result in found if result.released]
    good = [result for result in found if result.gain > MARGIN]
    behind = np.expm1(np.mean([result.behind for result in found]))
    worse, refused = sum(result.gain < 0 for result in out), sum(not result.released for result in good)
    return f"| {rule} | {len(out)} of {len(found)} | {worse} | {refused} of {len(good)} | {behind:+.1%} |"
