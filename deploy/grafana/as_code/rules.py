"""How an alert rule is written: a query, a number made of it, and what that number is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from grafana_foundation_sdk.models import alerting, expr
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from as_code.influxql import SOURCE_TYPE, SOURCE_UID, Json, Query

EXPRESSIONS = "__expr__"  # where Grafana computes itself
Reducer: TypeAlias = Literal["min", "max", "last"]
Comparison: TypeAlias = Literal["gt", "lt", "outside_range"]
Condition: TypeAlias = tuple[Comparison, tuple[float, ...]] | str


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and the time that it is about.

    Args:
        query: text in InfluxQL; one column, beside tags.
        seconds: seconds from the beginning of that time to now.
        until: seconds from its end to now.
    """

    query: str
    seconds: int
    until: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """When to alarm, and what to say then.

    Args:
        uid: name that never changes.
        title: what has happened.
        asked: the queries; A, B and so on.
        reducer: how the values of a query become one number.
        condition: comparison and its numbers, or a formula of the numbers, such as `$RA > 5 && $RA > $RB`.
        lasting: time that it must hold before the alarm, such as `15m`.
        summary: one line, with the labels of what is concerned.
        what_to_do: sentences for whom it wakes.
        documentation: page and section that say more.
        shown: name of the dashboard and title of the panel that show it.
        severity: `warning`, or `critical` where data or service is lost.
        on_error: state where the database cannot be asked.
        labels: further labels.
    """

    uid: str
    title: str
    asked: Sequence[Asked]
    reducer: Reducer
    condition: Condition
    lasting: str
    summary: str
    what_to_do: str
    documentation: str
    shown: tuple[str, str]
    severity: Literal["warning", "critical"] = "warning"
    on_error: Literal["OK", "Error"] = "OK"
    labels: Mapping[str, str] | None = None


def literal(name: str) -> str:
    """A name in a text with labels in braces, which shows as it is."""
    return name.replace("{{", '{{ "{{" }}')


def _filed(text: str) -> str:
    """A text in a file of Grafana's provisioning, which puts variables of its environment behind a `$`."""
    return text.replace("$", "$$")


def _data(
    asked: Sequence[Asked], reducer: Reducer, condition: tuple[Comparison, tuple[float, ...]] | str
) -> list[alerting.Query]:
    own, stored = DataSourceRef(type_val=EXPRESSIONS, uid=EXPRESSIONS), DataSourceRef(type_val=SOURCE_TYPE, uid=SOURCE_UID)
    steps = []
    for letter, question in zip("AB", asked, strict=False):
        period = alerting.RelativeTimeRange(from_val=question.seconds, to=question.until)
        model = Query(letter, question.query, datasource=stored)
        steps.append(alerting.Query(SOURCE_UID, model, ref_id=letter, relative_time_range=period))
    now = alerting.RelativeTimeRange(from_val=0, to=0)
    for letter in "AB"[: len(asked)]:
        settings = expr.ExprTypeReduceSettings(mode="dropNN")
        reduced = expr.TypeReduce(own, letter, reducer=reducer, ref_id=f"R{letter}", settings=settings)
        steps.append(alerting.Query(EXPRESSIONS, reduced, ref_id=f"R{letter}", relative_time_range=now))
    compared: expr.TypeMath | expr.TypeThreshold
    if isinstance(condition, str):
        compared = expr.TypeMath(own, condition, ref_id="ALARM")
    else:
        evaluator = expr.ExprTypeThresholdConditionsEvaluator(list(condition[1]), condition[0])
        compared = expr.TypeThreshold([expr.ExprTypeThresholdConditions(evaluator)], own, "RA", ref_id="ALARM")
    return [*steps, alerting.Query(EXPRESSIONS, compared, ref_id="ALARM", relative_time_range=now)]


def provisioned(rule: Rule, dashboard: str, panel: int) -> Json:
    """The rule as a file of Grafana's provisioning has it.

    No data is no alarm: before the first forecast, agent or training there is none. The queries stand as they are, since
    Grafana puts no variables of its environment into them.

    Args:
        rule: the rule.
        dashboard: uid of the dashboard that shows it.
        panel: id of the panel.
    """
    made = alerting.Rule(
        annotations={
            "summary": _filed(rule.summary),
            "description": _filed(rule.what_to_do),
            "documentation": rule.documentation,
        },
        condition="ALARM",
        data=_data(rule.asked, rule.reducer, rule.condition),
        exec_err_state=rule.on_error,
        for_val=rule.lasting,
        is_paused=False,
        labels={"product": "gatecast", "severity": rule.severity, **{k: _filed(v) for k, v in (rule.labels or {}).items()}},
        no_data_state="OK",
        title=_filed(rule.title),
        uid=rule.uid,
    ).to_json()
    of_the_api = {"folderUID", "orgID", "ruleGroup"}  # a file says these of the group
    return {name: value for name, value in made.items() if name not in of_the_api} | {
        "dashboardUid": dashboard,
        "panelId": panel,
    }
