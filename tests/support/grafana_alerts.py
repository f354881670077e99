"""What Grafana makes of an alert rule: queries, reduced to numbers, compared, and held for a while."""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from edge.contract.times import SECOND
from tests.support.grafana_queries import MILLISECOND, Json, Rows, at, filled, length

Labels: TypeAlias = tuple[tuple[str, str], ...]
Numbers: TypeAlias = dict[Labels, float]
Ask: TypeAlias = Callable[[str], Rows]
REDUCERS: dict[str, Callable[[list[float]], float]] = {"min": min, "max": max, "last": lambda values: values[-1]}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {ast.Gt: operator.gt, ast.Lt: operator.lt}


def rules(provisioned: Json) -> Iterator[tuple[Json, Json]]:
    """Every rule with its group."""
    for group in provisioned["groups"]:
        for rule in group["rules"]:
            yield group, rule


def lines(rows: Rows) -> dict[Labels, list[float]]:
    """Rows as Grafana's lines: texts are labels, the one number of each row is a value; a row without it is left out.

    Raises:
        AssertionError: there are two columns of numbers, of which Grafana would make two lines with the same labels.
    """
    values: dict[Labels, list[float]] = {}
    for row in rows:
        labels = tuple(sorted((name, text) for name, text in row.items() if isinstance(text, str)))
        numbers = [value for name, value in row.items() if name != "time" and not isinstance(value, str)]
        assert len(numbers) == 1, f"one column of numbers is needed, got {row}"
        if numbers[0] is not None:
            values.setdefault(labels, []).append(float(numbers[0]))
    return values


def _is_true(formula: ast.expr, numbers: dict[str, float]) -> bool:
    """A formula of Grafana's `math`, as far as the rules use it."""

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.Name):
            return numbers[node.id]
        assert isinstance(node, ast.Constant)
        return float(str(node.value))

    if isinstance(formula, ast.BoolOp):
        assert isinstance(formula.op, ast.And)
        return all(_is_true(part, numbers) for part in formula.values)
    assert isinstance(formula, ast.Compare)
    return COMPARISONS[type(formula.ops[0])](value(formula.left), value(formula.comparators[0]))


def _threshold(model: Json, numbers: Numbers) -> dict[Labels, bool]:
    ((evaluator,),) = [[condition["evaluator"] for condition in model["conditions"]]]
    kind, limits = evaluator["type"], evaluator["params"]
    if kind == "outside_range":
        return {labels: not limits[0] <= value <= limits[1] for labels, value in numbers.items()}
    compare = {"gt": operator.gt, "lt": operator.lt}[kind]
    return {labels: compare(value, limits[0]) for labels, value in numbers.items()}


def _math(model: Json, reduced: dict[str, Numbers]) -> dict[Labels, bool]:
    """As the formula says, for labels that all its numbers have; others give nothing."""
    formula = ast.parse(model["expression"].replace("$", "").replace("&&", " and "), mode="eval").body
    names = {node.id for node in ast.walk(formula) if isinstance(node, ast.Name)}
    shared = set.intersection(*(set(reduced[name]) for name in names))
    return {labels: _is_true(formula, {name: reduced[name][labels] for name in names}) for labels in shared}


def holds(rule: Json, ask: Ask, now: int) -> dict[Labels, bool]:
    """Whether the condition of a rule holds at a moment, for each of its lines; nothing where there is no data.

    Args:
        rule: rule as provisioned.
        ask: function that runs one InfluxQL query.
        now: the moment, ns UTC.
    """
    answered: dict[str, dict[Labels, list[float]]] = {}
    reduced: dict[str, Numbers] = {}
    outcome: dict[Labels, bool] | None = None
    for step in rule["data"]:
        model, letter = step["model"], step["refId"]
        assert model["refId"] == letter
        if step["datasourceUid"] != "__expr__":
            period = step["relativeTimeRange"]
            span = (now - period["from"] * SECOND, now - period["to"] * SECOND)
            answered[letter] = lines(ask(filled(at(model["query"], now), span, MILLISECOND, {})))
        elif model["type"] == "reduce":
            reduce = REDUCERS[model["reducer"]]
            reduced[letter] = {labels: reduce(values) for labels, values in answered[model["expression"]].items()}
        else:
            assert letter == rule["condition"]
            is_math = model["type"] == "math"
            outcome = _math(model, reduced) if is_math else _threshold(model, reduced[model["expression"]])
    assert outcome is not None, "no step is the condition"
    return outcome


def alarms(group: Json, rule: Json, ask: Ask, now: int) -> list[dict[str, str]]:
    """The labels of the alarms of a rule at a moment: whose condition has held at each look for as long as the rule wants.

    Args:
        group: group of the rule, which says how often is looked.
        rule: rule as provisioned.
        ask: function that runs one InfluxQL query.
        now: the moment, ns UTC.
    """
    every, lasting = length(group["interval"]), 0 if rule["for"] == "0s" else length(rule["for"])
    looks = max(1, lasting // every + 1)
    held: set[Labels] | None = None
    for look in sorted(
        {0, *(round(part * (looks - 1) / 4) for part in range(5))}
    ):  # five of them, the first and the last included
        true = {labels for labels, is_true in holds(rule, ask, now - look * every).items() if is_true}
        held = true if held is None else held & true
        if not held and rule["noDataState"] == "OK":
            return []
    return [dict(labels) for labels in sorted(held or ())]
