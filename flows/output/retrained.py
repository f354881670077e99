"""What a run of the retraining flow led to."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.release.candidates import Prepared
from pipeline.release.decision import Judged, Release
from pipeline.report.page import DASH, Grid, number, percent

NAMES = {"gru": "GRU", "lstm": "LSTM", "simplernn": "SimpleRNN"}


@dataclass(frozen=True, slots=True)
class Retrained:
    """The history, the candidates and the verdict.

    Args:
        prepared: the history it learned from.
        release: the candidates judged, and what went out where something did.
        failures: one line per candidate that could not be made.
    """

    prepared: Prepared
    release: Release
    failures: tuple[str, ...]


def candidate_grid(judged: Sequence[Judged]) -> Grid:
    """Candidates on the held-out part; skill: share by which the error is below the best baseline's of each series."""
    return Grid(
        ("candidate", "skill", "ahead on", "coverage", "kB", "µs/forecast", "training"), tuple(map(_candidate_row, judged))
    )


def _candidate_row(one: Judged) -> tuple[str, ...]:
    model, verdict = one.candidate.bundle.manifest.model, one.trial.verdict
    return (
        DASH if model is None else f"{NAMES[model.cell]} {model.design}",
        percent(verdict.skill, sign=True),
        f"{verdict.series_won} of {verdict.series_judged}",
        percent(verdict.coverage),
        number((one.cost.size or 0) / 1000),
        number(one.cost.latency),
        f"{number(one.candidate.record.seconds)} s",
    )
