"""Queries in InfluxQL, and the names in them, which are checked against what is stored."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import DataqueryConfig, register_dataquery_variant
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from edge.contract.schema import LEAD, SERIES, Measurement

Json: TypeAlias = dict[str, Any]

SOURCE_TYPE = "influxdb"
SOURCE_UID = "gatecast-influxdb"  # of the data source that is provisioned
CHOSEN = DataSourceRef(type_val=SOURCE_TYPE, uid="${fleet}")  # by the variable of each dashboard
# Which rows, by the variables of a dashboard. Grafana puts a name between quotation marks as it stands, whatever marks are in
# it; for a pattern it escapes it. InfluxDB asks for the one name that such a pattern fits, as for any other name.
SHOWN = "$timeFilter"
ONE = f'"{SERIES}" =~ /^${{series:regex}}$/'
OF_SERIES = f"{ONE} AND {SHOWN}"
OF_LEAD = f"{ONE} AND \"{LEAD}\" = '$lead' AND {SHOWN}"
BY_STEP = "GROUP BY time($__interval) fill(none)"


def rows(measurement: Measurement) -> str:
    """The measurement as it stands behind FROM."""
    return f'"{measurement.name}"'


def column(measurement: Measurement, name: str) -> str:
    """A field or tag as it stands in a query.

    Raises:
        KeyError: rows of the measurement have none of this name.
    """
    known = {*measurement.tags, *(field.name for field in measurement.fields)}
    if name not in known:
        raise KeyError(f"expected one of {sorted(known)} for {measurement.name}, got {name!r}")
    return f'"{name}"'


def text(name: str) -> str:
    """A text as it stands in a query."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class Query(Dataquery):
    """One query of a panel.

    Args:
        ref_id: letter of the query in its panel.
        query: text in InfluxQL.
        alias: name of what comes back; empty for the name of the column.
        is_table: whether rows come back as a table, and not as one line for each tag.
        datasource: data source that is asked.
    """

    def __init__(
        self, ref_id: str, query: str, alias: str = "", *, is_table: bool = False, datasource: DataSourceRef = CHOSEN
    ) -> None:
        self.ref_id, self.query, self.alias, self.is_table, self.datasource = ref_id, query, alias, is_table, datasource

    def to_json(self) -> Json:
        """The query as Grafana's InfluxDB data source keeps it."""
        return {
            "refId": self.ref_id,
            "datasource": self.datasource,
            "rawQuery": True,
            "query": self.query,
            "resultFormat": "table" if self.is_table else "time_series",
            **({"alias": self.alias} if self.alias else {}),
        }

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """The query of a dashboard that is read back."""
        datasource = DataSourceRef.from_json(data["datasource"])
        is_table = data["resultFormat"] == "table"
        return cls(data["refId"], data["query"], data.get("alias", ""), is_table=is_table, datasource=datasource)


class Built(Builder[Dataquery]):
    """A query where the SDK wants something that builds one.

    Args:
        query: the query.
    """

    def __init__(self, query: Dataquery) -> None:
        self._query = query

    def build(self) -> Dataquery:
        """The query."""
        return self._query


def lettered(queries: Sequence[tuple[str, str]], *, is_table: bool = False) -> list[Query]:
    """Queries of a panel, with letters in their order.

    Args:
        queries: text and name of each.
        is_table: whether they are answered as tables.
    """
    return [Query("ABCDEFGH"[number], text, alias, is_table=is_table) for number, (text, alias) in enumerate(queries)]


register_dataquery_variant(DataqueryConfig(SOURCE_TYPE, Query.from_json))
