"""What all dashboards have in common: variables, annotations, links, and panels in rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.dashboard import (
    AnnotationTarget,
    DashboardCursorSync,
    DashboardLinkType,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from as_code.influxql import CHOSEN, OF_SERIES, ONE, SHOWN, SOURCE_TYPE, SOURCE_UID, Json, column, rows
from as_code.look import GREY, PURPLE, AnyPanel
from edge.contract.schema import (
    AGENT,
    ALERT,
    ANOMALY,
    DRIFT,
    FORECAST,
    FORECAST_LEAD,
    LEAD,
    MEANING,
    MODEL,
    READING,
    RELEASED,
    RULE,
    UNIT,
)

TAG = "gatecast"
MOST_SERIES = 200  # in the list of a variable; the text before it narrows the list
UIDS = {name: f"gatecast-{name}" for name in ("forecast", "alerts", "quality", "fleet", "retraining")}
TITLES = {"forecast": "Forecast", "alerts": "Alerts", "quality": "Quality", "fleet": "Fleet", "retraining": "Retraining"}


class Marks(AnnotationTarget):
    """Query of an annotation, as Grafana's InfluxDB data source keeps it; the SDK knows only that of Grafana itself.

    Args:
        name: name of the annotation.
        query: text in InfluxQL.
        text: column with the text of a mark.
        tags: column with the tags of a mark; empty for none.
    """

    def __init__(self, name: str, query: str, text: str, tags: str = "") -> None:
        super().__init__()
        self.name, self.query, self.text, self.tag_column = name, query, text, tags

    def to_json(self) -> Json:
        """As the data source keeps it."""
        return {
            "refId": "annotationQuery",
            "query": self.query,
            "queryType": "tags",
            "rawQuery": True,
            "fromAnnotations": True,
            "textEditor": True,
            "name": self.name,
            "textColumn": self.text,
            "tagsColumn": self.tag_column,
            "timeEndColumn": "",
            "titleColumn": "",
        }


class _Annotation(AnnotationQuery):
    def marks(self, marks: Marks) -> "_Annotation":
        """Take a query; the SDK's own method wants a builder."""
        self._internal.target = marks
        return self


def annotation(name: str, colour: str, query: str, text: str, tags: str = "") -> AnnotationQuery:
    """Marks over every chart of a dashboard.

    Args:
        name: name of the annotation.
        colour: its colour.
        query: query with a row for each mark.
        text: column with the text of a mark.
        tags: column with the tags of a mark.
    """
    marks = _Annotation().name(name).datasource(CHOSEN).enable(True).hide(False).icon_color(colour)
    return marks.marks(Marks(name, query, text, tags))


def now_line() -> AnnotationQuery:
    """A line where an agent has reported last: now, as long as one runs. Forecasts stand behind it."""
    query = f'SELECT last({column(AGENT, MODEL.name)}) AS "now" FROM {rows(AGENT)} WHERE {SHOWN}'
    return annotation("Now", GREY, query, "now")


def releases() -> AnnotationQuery:
    """A line where a model goes live, with its version."""
    version, owner = column(AGENT, RELEASED.name), column(AGENT, AGENT.owner)
    return annotation(
        "Releases", PURPLE, f"SELECT {version}, {owner} FROM {rows(AGENT)} WHERE {SHOWN}", RELEASED.name, AGENT.owner
    )


def drifts() -> AnnotationQuery:
    """A line where the monitor has found drift."""
    query = f"SELECT {column(DRIFT, 'statistic')} FROM {rows(DRIFT)} WHERE {column(DRIFT, 'drifted')} = 1 AND {SHOWN}"
    return annotation("Drift", "orange", query, "statistic")


def raised() -> AnnotationQuery:
    """A line where an alert of the chosen series is raised or over, with the name of its rule."""
    fields = f"{column(ALERT, RULE)}, {column(ALERT, 'state')}"
    query = f"SELECT {fields} FROM {rows(ALERT)} WHERE {column(ALERT, 'turned')} = 1 AND {OF_SERIES}"
    return annotation("Alerts", "red", query, RULE)


def anomalies() -> AnnotationQuery:
    """A line where an anomaly of the chosen series is raised, with the days in which such a value is expected once."""
    turned = " AND ".join(f"{column(ANOMALY, name)} = 1" for name in ("turned", "raised"))
    query = f"SELECT {column(ANOMALY, 'rarity')} FROM {rows(ANOMALY)} WHERE {turned} AND {OF_SERIES}"
    return annotation("Anomalies", "yellow", query, "rarity")


def fleet() -> DatasourceVariable:
    """Which InfluxDB is shown: a fleet has a bucket of its own, and a bucket its data source."""
    chosen = VariableOption(text="Gatecast", value=SOURCE_UID)
    return DatasourceVariable("fleet").label("Fleet").description("Data source of the fleet.").type(SOURCE_TYPE).current(chosen)


def narrowing() -> TextBoxVariable:
    """A text that the names of the listed series contain."""
    return (
        TextBoxVariable("filter")
        .label("Find")
        .description(f"Part of the names to list, in small or capital letters. The list has {MOST_SERIES} names at most.")
        .default_value("")
    )


def _asked(name: str, label: str, text: str, query: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).description(text).datasource(CHOSEN).query(query)
    return variable.refresh(VariableRefresh.ON_DASHBOARD_LOAD).multi(False).include_all(False)


def series() -> QueryVariable:
    """One series. Its list is short whatever the fleet: a browser does not draw 10,000 names."""
    owner = column(READING, READING.owner)
    query = (
        f"SHOW TAG VALUES FROM {rows(READING)} WITH KEY = {owner} WHERE {owner} =~ /(?i)${{filter:regex}}/ LIMIT {MOST_SERIES}"
    )
    return _asked("series", "Series", "One sensor's readings.", query).sort(VariableSort.ALPHABETICAL_ASC)


def unit() -> QueryVariable:
    """The unit of the series; nothing where `[[ingest]]` names none."""
    query = f'SELECT last({column(MEANING, UNIT.name)}) AS "value" FROM {rows(MEANING)} WHERE {ONE}'
    variable = _asked("unit", "Unit", "Unit of the chosen series, as [[ingest]] names it.", query)
    return variable.hide(VariableHide.HIDE_VARIABLE)


def lead() -> QueryVariable:
    """One of the leads that the agent keeps."""
    query = f'SHOW TAG VALUES FROM {rows(FORECAST_LEAD)} WITH KEY = "{LEAD}" WHERE {ONE}'
    text = "How many intervals before its moment a forecast was made."
    return _asked("lead", "Lead", text, query).sort(VariableSort.NUMERICAL_ASC)


def _edges(asked: Sequence[tuple[str, str, str, VariableSort]]) -> list[QueryVariable]:
    query = f"SHOW FIELD KEYS FROM {rows(FORECAST)}"
    return [
        _asked(name, text.capitalize(), f"The {text} in the store.", query)
        .regex(regex)
        .sort(sort)
        .hide(VariableHide.HIDE_VARIABLE)
        for name, text, regex, sort in asked
    ]


def outermost() -> list[QueryVariable]:
    """The outermost quantiles that were ever stored."""
    any_quantile = r"/^q\d/"
    return _edges(
        [
            ("lower", "lowest quantile", any_quantile, VariableSort.NUMERICAL_ASC),
            ("upper", "highest quantile", any_quantile, VariableSort.NUMERICAL_DESC),
        ]
    )


def innermost() -> list[QueryVariable]:
    """The quantiles beside the median."""
    low, high = r"/^q(?:\d|[0-4]\d)(?:_\d+)?$/", r"/^q(?:5\d_\d+|5[1-9]|[6-9]\d(?:_\d+)?)$/"
    return _edges(
        [
            ("inner_lower", "quantile next below the median", low, VariableSort.NUMERICAL_DESC),
            ("inner_upper", "quantile next above the median", high, VariableSort.NUMERICAL_ASC),
        ]
    )


def percents() -> list[QueryVariable]:
    """The outermost quantiles as numbers, without what stands behind the point: their distance is right to one percent."""
    number = r"/^q(\d+)/"
    return _edges(
        [
            ("lower_percent", "lowest quantile in percent", number, VariableSort.NUMERICAL_ASC),
            ("upper_percent", "highest quantile in percent", number, VariableSort.NUMERICAL_DESC),
        ]
    )


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading.

    Args:
        title: the heading.
        panels: the panels, from left to right and from top to bottom.
        is_closed: whether a click opens it.
    """

    title: str
    panels: Sequence[AnyPanel]
    is_closed: bool = False


def links() -> list[Builder[model.DashboardLink]]:
    """To the other dashboards, with what is chosen and the time that is shown."""
    return [
        DashboardLink(TITLES[name])
        .type(DashboardLinkType.LINK)
        .url(f"/d/{uid}")
        .icon("dashboard")
        .tooltip(f"Gatecast: {TITLES[name]}")
        .include_vars(True)
        .keep_time(False)
        for name, uid in UIDS.items()
    ]


def to_series(name: str) -> list[Json]:
    """Link of a cell with the name of a series to a dashboard that shows this series.

    Args:
        name: name of the dashboard.
    """
    value = "${__value.text:percentencode}"
    url = f"/d/{UIDS[name]}?var-fleet=${{fleet}}&var-filter={value}&var-series={value}"
    return [{"title": f"{TITLES[name]} of this series", "url": url}]


def board(name: str, text: str, times: tuple[str, str], sections: Sequence[Section]) -> Dashboard:
    """A dashboard with its panels; variables and annotations come afterwards.

    Args:
        name: one of `UIDS`.
        text: description, a sentence or more.
        times: first and last time that is shown, such as `now-7d` and `now`.
        sections: the panels.
    """
    made = Dashboard(f"Gatecast: {TITLES[name]}").uid(UIDS[name]).description(text).tags([TAG]).time(*times)
    made.tooltip(DashboardCursorSync.CROSSHAIR).refresh("1m").timezone("browser").version(1).links(links()).with_variable(
        fleet()
    )
    numbers = iter(range(1, 100))
    for section in sections:
        row = Row(section.title).id(next(numbers)).collapsed(section.is_closed)
        for panel in section.panels:
            panel.id(next(numbers))
            if section.is_closed:
                row.with_panel(panel)
        made.with_row(row)
        if not section.is_closed:
            for panel in section.panels:
                made.with_panel(panel)
    return made


def of_one_series(made: Dashboard, more: Sequence[QueryVariable]) -> Dashboard:
    """A dashboard with the fields that choose a series and a lead, and the outermost quantiles.

    Args:
        made: dashboard with its panels.
        more: further variables of its own.
    """
    for variable in (narrowing(), series(), unit(), lead(), *outermost(), *more):
        made.with_variable(variable)
    return made
