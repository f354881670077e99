"""Every query of a Grafana dashboard, with what Grafana puts in for its variables, for tests against a real store."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from edge.contract.times import SECOND, parse_duration

Rows: TypeAlias = list[dict[str, Any]]
Json: TypeAlias = dict[str, Any]

POINTS = 1500  # Grafana asks for about one point per pixel of the panel …
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)  # … at round steps, s
NUMERICAL = (3, 4)  # orders of a variable: by the first number in it, ascending and descending
MILLISECOND = SECOND // 1000


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel that asks something, those inside collapsed rows included."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panels(panel)
        else:
            yield panel


def length(text: str) -> int:
    """Nanoseconds of a Grafana duration, whose `m` is our `min`."""
    return parse_duration(re.sub(r"m$", "min", text))


def moment(text: str, now: int) -> int:
    """Nanoseconds of `now`, `now-7d`, `now+2d`."""
    match = re.fullmatch(r"now(?:([+-])(.+))?", text)
    assert match, f"{text!r} is no time relative to now"
    if match[2] is None:
        return now
    return now + (length(match[2]) if match[1] == "+" else -length(match[2]))


def filled(query: str, span: tuple[int, int], interval: int, variables: dict[str, str]) -> str:
    """A query as Grafana sends it.

    Args:
        query: InfluxQL with `$timeFilter`, `$__interval` and the dashboard's own variables.
        span: first and last moment shown, ns.
        interval: the least `$__interval`, ns.
        variables: name to value.
    """
    start, stop = (time // MILLISECOND for time in span)
    exact = (stop - start) / POINTS / 1000
    step = max(interval // MILLISECOND, 1000 * next((seconds for seconds in STEPS if seconds >= exact), STEPS[-1]))
    known = {"timeFilter": f"time >= {start}ms and time <= {stop}ms", "__interval": f"{step}ms", **variables}

    def value(match: re.Match[str]) -> str:
        name, form = match[1] or match[3], match[2]
        assert name in known, f"a variable nobody defines: {query}"
        assert form in (None, "regex"), f"a format nobody tried: {query}"
        return escaped(known[name]) if form else known[name]

    return re.sub(r"\$(?:\{(\w+)(?::(\w+))?\}|(\w+))", value, query)


def escaped(text: str) -> str:
    """A text as the format `regex` of Grafana writes it."""
    return re.sub(r"[\\^$*+?.()|\[\]{}/]", lambda match: f"\\{match[0]}", text)


def at(query: str, now: int) -> str:
    """The query with a given time for the server's own `now()`."""
    return query.replace("now()", f"{now // MILLISECOND}ms")


def _first_number(text: str) -> int:
    match = re.search(r"\d+", text)
    return int(match[0]) if match else -1


def choices(variable: Json, rows: Rows) -> list[str]:
    """The values of a variable in the order that Grafana shows them; the first one is chosen.

    Args:
        variable: variable of the dashboard.
        rows: the answer to its query, names of tags or of fields.
    """
    texts = sorted(row["value"] if "value" in row else row["fieldKey"] for row in rows)
    pattern = re.compile(variable.get("regex", "").strip("/"))
    matches = [(text, match) for text in texts if (match := pattern.search(text))]
    texts = [match[1] if pattern.groups else text for text, match in matches]
    if variable.get("sort") in NUMERICAL:
        texts.sort(key=_first_number)
    return texts[::-1] if variable.get("sort") == NUMERICAL[1] else texts


def answers(
    dashboard: Json,
    ask: Callable[[str], Rows],
    *,
    now: int,
    span: tuple[int, int] | None = None,
    chosen: Mapping[str, str] = MappingProxyType({}),
) -> tuple[dict[str, str], dict[str, Rows]]:
    """Ask everything the dashboard asks, each variable set to its first value.

    Args:
        dashboard: parsed JSON.
        ask: function that runs one InfluxQL query.
        now: time that `now` means, ns.
        span: first and last moment shown, ns; None for the dashboard's own range.
        chosen: variable to the value that somebody has chosen or written.

    Returns:
        Value of each variable, and the rows of each query by a name such as `panel 'Backlog' A`.
    """
    shown = span or (moment(dashboard["time"]["from"], now), moment(dashboard["time"]["to"], now))
    variables: dict[str, str] = {}
    found: dict[str, Rows] = {}
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "query":
            query = filled(at(variable["query"], now), shown, 1, variables)
            rows = found[f"variable '{name}'"] = ask(query)
            variables[name] = chosen.get(name, next(iter(choices(variable, rows)), ""))
        elif variable["type"] == "textbox":
            variables[name] = chosen.get(name, variable["query"])
        else:
            assert variable["type"] == "datasource"
    for annotation in dashboard["annotations"]["list"]:
        query = annotation["target"]["query"]
        assert not re.search(r"\$(?!timeFilter)\w", query), "Grafana escapes variables as for a pattern there: name the format"
        query = filled(query, shown, 1, variables)
        found[f"annotation '{annotation['name']}'"] = ask(at(query, now))
    for panel in panels(dashboard):
        period = (moment(f"now-{panel['timeFrom']}", now), now) if "timeFrom" in panel else shown
        interval = length(panel.get("interval", "1s"))
        for target in panel["targets"]:
            name = f"panel '{panel['title']}' {target['refId']}"
            assert name not in found, f"two of {name}"
            found[name] = ask(filled(at(target["query"], now), period, interval, variables))
    return variables, found
