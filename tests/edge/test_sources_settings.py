"""What `[[history]]` refuses before anything is contacted (of the kind "messages that do not help")."""

import pytest

from edge.errors import ConfigurationError
from edge.sources.settings import HistorySource

INFLUX, FILE = "influxdb://127.0.0.1:8086/telegraf", "sqlite:///home-assistant_v2.db"


def test_what_goes_with_a_database_is_accepted() -> None:
    """The three kinds of sources, each with its own keys."""
    HistorySource(INFLUX, measurement="mqtt_*", field="value", where={"host": "pi"}, series="{topic}").check()
    HistorySource(FILE).check()
    HistorySource("postgresql://reader@db/plant", query="SELECT 1", timezone="Europe/Berlin", password_file="p").check()
    HistorySource("mysql+pymysql://reader@db/plant", query="with a as (select 1) select 1").check()
    HistorySource("parquet:///history", timezone="UTC", time_unit="ms").check()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (HistorySource("history.db"), r"'history.db' is no URL; write influxdb://"),
        (HistorySource(FILE, measurement="a"), "measurement does not go with a database; take it out"),
        (HistorySource(INFLUX, query="SELECT 1"), "query does not go with an InfluxDB; take it out"),
        (HistorySource("parquet:///a", query="SELECT 1"), "query does not go with a Parquet folder"),
        (HistorySource(FILE, query="DELETE FROM states"), "query: history is only read; write one SELECT"),
        (HistorySource(FILE, query=""), "query is empty; write one, or leave the line out"),
        (HistorySource(INFLUX, series=""), "series is empty"),
        (HistorySource(FILE, timezone="Europe/Berln"), "timezone: 'Europe/Berln' is no time zone; did you mean Europe/Berlin"),
        (HistorySource(FILE, scale=0.0), "a scale of 0 makes all values equal"),
        (HistorySource(INFLUX, ca_file="ca.pem"), r"\[\[history\]\] ca_file is of use with TLS only; begin .* influxdbs://"),
    ],
)
def test_what_cannot_work_is_one_line(source: HistorySource, words: str) -> None:
    """That says what to do."""
    with pytest.raises(ConfigurationError, match=words):
        source.check()


def test_an_account_in_the_url_is_not_shown() -> None:
    """There may be a password in it."""
    assert HistorySource("postgresql://me:secret@db/plant").label == "[[history]] postgresql://*@db/plant"


@pytest.mark.parametrize(
    "url", ["postgresql://me:hunter2@db/plant", "postgresql://me@db/plant?password=hunter2", f"{INFLUX}?token=hunter2"]
)
def test_a_secret_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    """The line names the two keys for it."""
    with pytest.raises(ConfigurationError, match="name password_file or token_file instead") as refused:
        HistorySource(url).check()
    assert "hunter2" not in str(refused.value)
