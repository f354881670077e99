"""The history of all inputs of a configuration, on the grid of the readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.contract.ahead.issues import ALWAYS, Issues, KnownAhead
from edge.errors import GatecastError
from edge.inputs.recorded import measured
from edge.inputs.rule import InputRule
from edge.stores.store import Store
from pipeline.inputs.file import read_issues
from pipeline.inputs.stored import stored_issues


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of inputs.

    Args:
        ahead: values on the grid, by the name of the input; those without a history are not there.
        notes: a line for each input that has none, or whose values have no moment of issue.
    """

    ahead: KnownAhead
    notes: tuple[str, ...] = ()


def gather(rules: Sequence[InputRule], interval: int, stop: int | None = None, store: Store | None = None) -> Gathered:
    """The history of inputs; one that cannot be read is left out with a line, and costs nothing else.

    Args:
        rules: sections `[[input]]`.
        interval: length of an interval, ns.
        stop: moment, ns UTC, after which nothing counts that was issued; None: everything counts.
        store: store that agents have written values of inputs to; None: only files have any.

    Raises:
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    ahead, notes = {}, []
    stored = stored_issues(store) if rules and store is not None else {}
    for rule in rules:
        label = f"[[input]] {rule.name}"
        try:
            issues = stored.get(rule.name, Issues.of())
            if rule.file is not None:
                issues = Issues.concatenate([read_issues(Path(rule.file), rule.name), issues])
        except GatecastError as error:
            notes.append(f"{label}: {error}; what the store has of it counts alone")
        issues = measured(issues, rule.held)
        if stop is not None:
            issues = issues.take(issues.issued < stop)
        if not len(issues):
            notes.append(f"{label}: no value of it is known; the forecast goes without it{_source(rule)}")
            continue
        if (issues.issued == ALWAYS).any():
            notes.append(f"{label}: trained with values as they turned out; a real forecast is less exact")
        ahead[rule.name] = issues.on_grid(interval, late=rule.held)
    return Gathered(ahead, tuple(notes))


def _source(rule: InputRule) -> str:
    """Where its values could come from, for the end of a line."""
    if rule.topic is not None:
        return f"; let the agent run and publish values on topic {rule.topic!r}, or name their history in file"
    return "; name a file with its history, or the topic of its messages"
