"""Which inputs networks are told of, and in which units."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from edge.contract.ahead.issues import Ahead, KnownAhead
from edge.contract.ahead.known import WRONG, Known
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.inputs.rule import InputRule
from pipeline.history.windows import spread, stands_still

MOST_MEASURED = 1_000_000  # values of an input that say where its centre is


def with_known(contract: Contract, ahead: KnownAhead, until: int, rules: Iterable[InputRule] = ()) -> Contract:
    """The same contract for networks that are told of inputs; one whose values stand still tells nothing and is left out.

    A few values far from all others, as the 1e15 of a source that had none to say, move neither centre nor spread.

    Args:
        contract: contract that follows from the readings.
        ahead: values of inputs on the grid, by their names.
        until: end of the training part, ns UTC; later values do not count for centre and spread.
        rules: sections `[[input]]`, which say units and for how long values count.
    """
    known, said = [], {rule.name: rule for rule in rules}
    for name, each in ahead.items():
        values = _values(each, until)
        if not len(values) or stands_still(float(values.min()), float(values.max())):
            continue
        if (size := spread(values)) > 0:  # that of values around 1e-300 is too small for a number
            rule = said.get(name, InputRule(name=name))
            usual = values[np.abs(values - np.median(values)) <= WRONG * size]
            known.append(Known(name, rule.unit or "", float(usual.mean()), size, rule.held))
    return replace(contract, inputs=(*contract.inputs, *known)) if known else contract


def _values(ahead: Ahead, until: int) -> Float64:
    """A value for each interval and issue before a moment, or evenly chosen ones where there are very many, float64 `[n]`."""
    count = np.maximum(np.minimum(ahead.last, (until - 1) // ahead.interval) - ahead.first + 1, 0)
    total = int(count.sum())
    chosen = np.linspace(0, total - 1, min(total, MOST_MEASURED)).astype(np.int64)
    return ahead.value[np.searchsorted(np.cumsum(count), chosen, "right")]
