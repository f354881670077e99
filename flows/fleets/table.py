"""What became of many fleets, as a table for a person and as JSON for a program."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from flows.fleets.run import Outcome


def outcomes_text(outcomes: Sequence[Outcome]) -> str:
    """One row per fleet: name, verdict, version that is live by this run, seconds."""
    console = Console(highlight=False, width=None)
    table = Table(box=None, pad_edge=False)
    for heading in ("fleet", "verdict", "version", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left", overflow="fold")
    for outcome in outcomes:
        table.add_row(outcome.fleet, _verdict(outcome), _version(outcome), f"{outcome.seconds:.1f}")
    with console.capture() as captured:
        console.print(table)
        for outcome in outcomes:
            if outcome.document is None:
                console.print(f"{outcome.config}: {outcome.verdict}", markup=False, soft_wrap=True)
        failed = sum(outcome.document is None for outcome in outcomes)
        console.print(f"{len(outcomes) - failed} of {len(outcomes)} fleets retrained")
    return captured.get().rstrip()


def outcomes_document(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """The same as data: one object per fleet; `error` is null where it was retrained, else nothing but it is known."""
    return [
        {
            "fleet": outcome.fleet,
            "config": str(outcome.config),
            "seconds": outcome.seconds,
            "error": outcome.verdict if outcome.document is None else None,
            **(outcome.document or {}),
        }
        for outcome in outcomes
    ]


def _verdict(outcome: Outcome) -> str:
    if outcome.document is None:
        return "failed"
    if outcome.document["released"] is not None:
        return "released"
    return outcome.verdict.partition(":")[0]


def _version(outcome: Outcome) -> str:
    return "" if outcome.document is None else str(outcome.document["released"] or "")
