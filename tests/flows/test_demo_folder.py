"""The demo's folder may be called what people call folders."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("prefect")

from edge.config.reading import read_config
from edge.contract.columns import Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import READING
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.stores.sqlite import SqliteStore, sqlite_url
from edge.stores.store import open_store
from flows.demo.folder import prepare_folder
from flows.demo.run import NO_UNITS, WEATHER, write_config

pytestmark = pytest.mark.training
NAMES = ("a b", "50%", "50%41", "#1", 'say "hi"', "back\\slash\\n", "it's", "a&b=c;d", "Prüfstand 温度", "[x]{y}", "😀")


@pytest.mark.parametrize("name", NAMES)
def test_every_path_in_the_configuration_leads_into_the_folder(name: str, tmp_path: Path) -> None:
    """Store, state, channel and registry, whatever characters the folder's name has."""
    folder = prepare_folder(tmp_path / name)
    path = write_config(folder, sqlite_url(folder / "store.db"), (1883, 9273), SeriesTable(["a.b"]), Contract(SECOND, 8, 2))
    config = read_config(path)
    store = open_store(config.store.url)
    assert isinstance(store, SqliteStore)
    assert store.path == folder / "store.db"
    assert Path(config.agent.state) == folder / "agent"
    assert Path(config.registry.path) == folder / "registry"
    assert Path(config.release.channel) == folder / "registry" / "channels" / "live.json"
    reading = Points(READING, np.zeros(1, np.int32), np.array([SECOND]), {"value": np.ones(1)})
    store.write(store.encode([reading], SeriesTable(["a"])))
    store.close()
    assert (folder / "store.db").is_file()


@pytest.mark.parametrize("url", ["influxdb://h/a%20b?org=my%22org", 'influxdb://h/"b\\', "sqlite:///a\x7fb"])
def test_the_store_of_the_user_arrives_as_given(url: str, tmp_path: Path) -> None:
    """Quotes, backslashes and control characters too."""
    path = write_config(tmp_path, url, (1883, 9273), SeriesTable(["a"]), Contract(SECOND, 8, 2))
    assert read_config(path).store.url == url


@pytest.mark.parametrize("name", ["a?b", "two\nlines", "\udcff", "a\x7f"])
def test_a_name_that_prefect_or_the_broker_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match="in its name is not possible; choose another --folder"):
        prepare_folder(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_weather_has_its_units_and_other_files_have_none(tmp_path: Path) -> None:
    """A rule for each metric; whoever brings a file of the same names may have measured in other units."""
    names = SeriesTable([f"jfk.{metric}" for metric in WEATHER])
    given = ((tmp_path / f"{number}", units) for number, units in enumerate((WEATHER, NO_UNITS)))
    rules = [
        read_config(write_config(prepare_folder(folder), "sqlite:///a.db", (1, 2), names, Contract(SECOND, 8, 2), units)).ingest
        for folder, units in given
    ]
    assert {rule.topic: rule.unit for rule in rules[0]} == {f"sensors/{{site}}/{name}": unit for name, unit in WEATHER.items()}
    assert [(rule.topic, rule.series, rule.unit) for rule in rules[1]] == [("sensors/{site}/{metric}", "{site}.{metric}", None)]
