"""How panels look: the same colours, legends and texts everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import barchart, bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    FieldTextAlignment,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    TableAutoCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)

from as_code.influxql import CHOSEN, Built, Query, lettered

BLUE, ORANGE, PURPLE, GREEN, GREY, YELLOW, RED = "#5794F2", "#FF9830", "#B877D9", "#73BF69", "#8E8E8E", "#FADE2A", "#F2495C"
PLAIN = [(None, "text")]
GOOD = [(None, "green")]
Steps: TypeAlias = Sequence[tuple[float | None, str]]
Property: TypeAlias = DynamicConfigValue
AnyPanel: TypeAlias = stat.Panel | timeseries.Panel | barchart.Panel | bargauge.Panel | table.Panel


@dataclass(frozen=True, slots=True)
class Text:
    """What a panel says of itself.

    Args:
        title: title of the panel.
        text: text behind its (i), a sentence or more.
        empty: text that stands there where nothing is stored yet.
        unit: unit of its values, as Grafana calls it.
        decimals: number of digits behind the point; None for what fits.
    """

    title: str
    text: str
    empty: str = "nothing yet"
    unit: str = "short"
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a panel, in the 24 columns and the rows of Grafana.

    Args:
        width: number of columns.
        height: number of rows.
    """

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Args:
        query: query of its values.
        name: name in the legend.
        colour: its colour, or None for one of Grafana's.
        properties: further settings of the line.
    """

    query: str
    name: str
    colour: str | None = None
    properties: Sequence[Property] = field(default_factory=tuple)


def steps(levels: Steps) -> ThresholdsConfig:
    """Colours by value; the first level has none, and holds below all others."""
    thresholds = [Threshold(value=value, color=colour) for value, colour in levels]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(thresholds)


def setting(name: str, value: Any) -> Property:  # noqa: ANN401 - a setting may be anything
    """A setting of an override, such as `unit`."""
    return DynamicConfigValue(id_val=name, value=value)


def fixed(colour: str) -> Property:
    """A colour of an override."""
    return setting("color", {"mode": "fixed", "fixedColor": colour})


def dashed() -> Property:
    """A line of dashes."""
    return setting("custom.lineStyle", {"fill": "dash", "dash": [8, 6]})


def transform(kind: str, options: dict[str, Any]) -> DataTransformerConfig:
    """A step between the answer of a query and the panel.

    Args:
        kind: name of the step in Grafana.
        options: its options.
    """
    return DataTransformerConfig(kind, options=options)


def without_time(order: Sequence[str]) -> DataTransformerConfig:
    """Columns in this order, and no time: that of a total is the beginning of what is shown."""
    return transform(
        "organize",
        {"excludeByName": {"Time": True}, "indexByName": {name: index for index, name in enumerate(order)}, "renameByName": {}},
    )


def lead_as_number() -> list[DataTransformerConfig]:
    """Rows in order of the lead, which a store keeps as a text: 2 stands before 10."""

    def converted(kind: str) -> DataTransformerConfig:
        return transform("convertFieldType", {"fields": {}, "conversions": [{"targetField": "lead", "destinationType": kind}]})

    in_order = transform("sortBy", {"fields": {}, "sort": [{"field": "lead", "desc": False}]})
    return [converted("number"), in_order, converted("string"), without_time([])]


def _dressed(panel: Any, said: Text, size: Size, queries: Sequence[Query]) -> None:  # noqa: ANN401 - builders share no class
    panel.title(said.title).description(said.text).datasource(CHOSEN).unit(said.unit).no_value(said.empty)
    panel.span(size.width).height(size.height).targets([Built(query) for query in queries])
    if said.decimals is not None:
        panel.decimals(said.decimals)


def number(said: Text, size: Size, query: str, levels: Steps = PLAIN, *, is_text: bool = False) -> stat.Panel:
    """One large number, or one text, coloured by its levels.

    Args:
        said: title and texts.
        size: size of the panel.
        query: query that gives one value, or one for each agent.
        levels: colours by value.
        is_text: whether the value is a text.
    """
    panel = stat.Panel()
    _dressed(panel, said, size, [Query("A", query, is_table=is_text)])
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    if is_text:
        reduced.fields("/^(?!Time$).*/")
    panel.reduce_options(reduced).thresholds(steps(levels)).color_mode(BigValueColorMode.VALUE)
    panel.graph_mode(BigValueGraphMode.NONE).text_mode(BigValueTextMode.VALUE).color_scheme(
        FieldColor().mode(FieldColorModeId.THRESHOLDS)
    )
    return panel


def chart(
    said: Text, size: Size, lines: Sequence[Line], *, is_bars: bool = False, least_step: str | None = None
) -> timeseries.Panel:
    """Lines or bars over time.

    Args:
        said: title and texts.
        size: size of the panel.
        lines: the lines, the first one at the bottom.
        is_bars: whether bars are drawn.
        least_step: shortest time between two points, or None.
    """
    panel = timeseries.Panel()
    _dressed(panel, said, size, lettered([(line.query, line.name) for line in lines]))
    panel.draw_style(GraphDrawStyle.BARS if is_bars else GraphDrawStyle.LINE).line_width(1 if is_bars else 1.5)
    panel.fill_opacity(60 if is_bars else 0).show_points(VisibilityMode.AUTO).point_size(4)
    panel.legend(
        common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
    ).tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    panel.thresholds(steps(GOOD)).color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    if least_step is not None:
        panel.interval(least_step)
    for line in lines:
        properties = [*([] if line.colour is None else [fixed(line.colour)]), *line.properties]
        if properties:
            panel.override_by_name(line.name, properties)
    return panel


def bars_by_lead(said: Text, size: Size, query: str, colours: dict[str, str]) -> barchart.Panel:
    """Bars beside each other, a group for each lead.

    Args:
        said: title and texts.
        size: size of the panel.
        query: query with a column for each colour of bars.
        colours: column to colour.
    """
    panel = barchart.Panel()
    _dressed(panel, said, size, [Query("A", query, is_table=True)])
    panel.transformations(lead_as_number()).x_field("lead").show_value(VisibilityMode.AUTO).group_width(0.7).bar_width(0.9)
    panel.fill_opacity(75).legend(
        common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
    ).tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    panel.thresholds(steps(GOOD)).color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    for name, colour in colours.items():
        panel.override_by_name(name, [fixed(colour)])
    return panel


def gauges(said: Text, size: Size, query: str, prefix: str) -> bargauge.Panel:
    """A bar for each column of one row.

    Args:
        said: title and texts.
        size: size of the panel.
        query: query of one row.
        prefix: beginning of the names of the columns, which is left out.
    """
    panel = bargauge.Panel()
    _dressed(panel, said, size, [Query("A", query, is_table=True)])
    renamed = transform("renameByRegex", {"regex": f"^{prefix}(.*)$", "renamePattern": "$1"})
    panel.transformations([without_time([]), renamed]).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.BASIC)
    return panel.thresholds(steps([(None, BLUE)])).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS)).min(0)


def listing(
    said: Text, size: Size, query: str, columns: Sequence[str], overrides: Mapping[str, Sequence[Property]] | None = None
) -> table.Panel:
    """A table.

    Args:
        said: title and texts.
        size: size of the panel.
        query: query with these columns.
        columns: columns in their order; `Time` is shown where it is the first.
        overrides: column to settings.
    """
    panel = table.Panel()
    _dressed(panel, said, size, [Query("A", query, is_table=True)])
    panel.thresholds(steps(PLAIN)).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel.align(FieldTextAlignment.AUTO).inspect(False).show_header(True).cell_options(TableAutoCellOptions())
    if columns[0] == "Time":
        order = {name: index for index, name in enumerate(columns)}
        panel.transformations([transform("organize", {"excludeByName": {}, "indexByName": order, "renameByName": {}})])
    else:
        panel.transformations([without_time(columns)])
    for name, properties in (overrides or {}).items():
        panel.override_by_name(name, list(properties))
    return panel
