"""The commands of docs/store.md do what the page says: on Debian's InfluxDB, or on the server that the environment names."""

import contextlib
import itertools
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config.reading import read_config
from edge.contract.columns import SeriesTable
from edge.contract.times import DAY, SECOND
from edge.sources.source import open_source
from edge.stores.influx import InfluxStore
from edge.stores.looking.influx import look
from tests.support.documented import blocks
from tests.support.documented_schema import BEGIN, END, PAGE, rewrite
from tests.support.named_influx import PREFIX, NamedInflux
from tests.support.servers import Influx
from tests.support.stores import readings, write

TEXT = PAGE.read_text("utf-8")
QUARTER = 900 * SECOND
Server = Influx | NamedInflux


def commands(first: str) -> list[str]:
    """Statements of the block that begins so."""
    (block,) = (block for block in blocks(TEXT, "sh") if block.startswith(f"influx -execute '{first}"))
    statements = re.findall(r"^influx -execute '([^']+)'$", block, re.MULTILINE)
    assert len(statements) == block.count("\n")
    return statements


def store_of(server: Server, bucket: str) -> InfluxStore:
    """The store in a bucket."""
    return InfluxStore(server.url, bucket, server.organisation, server.token)


def seeded(server: Server, bucket: str) -> int:
    """Three hours of two series, a reading each minute whose value is the number of its quarter; the first moment."""
    first = (time.time_ns() // QUARTER - 12) * QUARTER
    moments = range(first, first + 12 * QUARTER, 60 * SECOND)
    with contextlib.closing(store_of(server, bucket)) as store:
        for series in (0, 1):
            values = [(moment - first) // QUARTER + 100 * series for moment in moments]
            write(store, SeriesTable(["roof.t", "cellar, t"]), readings([series] * len(moments), moments, values))
    return first


def history(
    server: Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: int
) -> set[tuple[str, int, float]]:
    """What `[[history]]` of the page reads from a bucket."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", server.token)
    (block,) = (block for block in blocks(TEXT, "toml") if "[[history]]" in block)
    path = tmp_path / "gatecast.toml"
    path.write_text(re.sub(r'url = ".*"', f'url = "{server.store_url(bucket)}"', block))
    config, table = read_config(path), SeriesTable()
    source = open_source(config.history[0], config.ingests())
    pages = list(source.readings(start - DAY, start + DAY, table))
    rows = itertools.chain.from_iterable(
        zip(page.series.tolist(), page.time.tolist(), page.value.tolist(), strict=True) for page in pages
    )
    return {(table.names[series], moment, value) for series, moment, value in rows}


@pytest.fixture
def other_bucket(influx: Server, bucket: str) -> Iterator[str]:
    """A second bucket beside that of the test."""
    name = f"{PREFIX}{secrets.token_hex(6)}"
    influx.create(name)
    yield name
    influx.drop(name)


def is_version_1(server: Server) -> bool:
    """Whether it speaks InfluxQL only."""
    return isinstance(server, Influx) or server.major == 1


def test_schema_is_that_of_the_contract() -> None:
    """`python -m tests.support.documented_schema` writes it anew."""
    assert BEGIN in TEXT
    assert END in TEXT
    assert re.sub(r"\n{3,}", "\n\n", rewrite(TEXT)) == TEXT


@pytest.mark.servers
def test_retention_of_influxdb_1_is_what_the_page_sets(influx: Server, bucket: str) -> None:
    """A new database has the first one, and then the second; the look at the store tells the same."""
    if not is_version_1(influx):
        pytest.skip("retention policies are of InfluxDB 1")
    make, change, show = (statement.replace('"gatecast"', f'"{bucket}_kept"') for statement in commands("CREATE DATABASE"))
    for statement, days in ((make, 400), (change, 800)):
        influx.query("", statement)
        assert [row["duration"] for row in influx.query("", show)] == [f"{24 * days}h0m0s"]
        with contextlib.closing(store_of(influx, f"{bucket}_kept")) as store:
            assert look(store).keep == days * DAY
    influx.drop(f"{bucket}_kept")


@pytest.mark.servers
def test_means_of_influxdb_1_are_history(influx: Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The continuous query is taken, what is there is written by the statement beside it, and `[[history]]` reads it."""
    if not is_version_1(influx):
        pytest.skip("continuous queries are of InfluxDB 1")
    first = seeded(influx, bucket)
    policy, query, backfill = (
        statement.replace('"gatecast"', f'"{bucket}"') for statement in commands("CREATE RETENTION POLICY")
    )
    assert re.search(r"SELECT .* INTO \S+ FROM \S+", query)[0] == re.search(r"SELECT .* INTO \S+ FROM \S+", backfill)[0]  # type: ignore[index]
    for statement in (policy, query, backfill):
        influx.query("", statement)
    assert [row["name"] for row in influx.query("", "SHOW CONTINUOUS QUERIES") if "name" in row] == ["means"]
    expected = {
        (name, first + number * QUARTER, number + more)
        for name, more in (("roof.t", 0.0), ("cellar, t", 100.0))
        for number in range(12)
    }
    assert history(influx, f"{bucket}/long", tmp_path, monkeypatch, first) == expected


@pytest.mark.servers
def test_means_of_influxdb_2_are_history(
    influx: Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The task is taken; run once, with the time of the page for what is there already, it gives the same rows."""
    if not isinstance(influx, NamedInflux) or influx.major != 2:
        pytest.skip("tasks in Flux are of InfluxDB 2")
    long, first = request.getfixturevalue("other_bucket"), seeded(influx, bucket)
    (flux,) = blocks(TEXT, "flux")
    task = (
        flux.replace('"gatecast"', f'"{bucket}"')
        .replace('"gatecast_long"', f'"{long}"')
        .replace('"home"', f'"{influx.organisation}"')
    )
    influx.check_task(task)
    influx.run_flux(task.partition("\n")[2].replace("start: -2h", "start: -400d"))
    expected = {
        (name, first + number * QUARTER, number + more)
        for name, more in (("roof.t", 0.0), ("cellar, t", 100.0))
        for number in range(12)
    }
    assert history(influx, long, tmp_path, monkeypatch, first) == expected
