"""A configuration is read once and whole, or refused with one line that says where and what instead."""

import inspect
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from edge.config.mistakes import section_of
from edge.config.reading import read_config
from edge.config.sections import Config
from edge.config.training_sections import Fleet, Train
from edge.errors import ConfigurationError
from tests.support.ingests import taken

ROOT = Path(__file__).parents[2]
EXAMPLES = [ROOT / "deploy" / "gatecast.toml", ROOT / "flows" / "data" / "gatecast.toml"]


def section_types() -> list[type[msgspec.Struct]]:
    """The class of every section."""
    return [section_of(field.type) for field in msgspec.structs.fields(Config)]


def read(folder: Path, text: str) -> Config:
    """A configuration of that text."""
    path = folder / "gatecast.toml"
    path.write_text(text)
    return read_config(path)


def refusal(folder: Path, text: str) -> str:
    """The one line a configuration is refused with, without the path it begins with."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(folder / "gatecast.toml"))
    return message.removeprefix(str(folder / "gatecast.toml")).removeprefix(": ")


def test_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    """Every section and every key may be left out."""
    assert read(tmp_path, "") == Config()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_example_is_valid_and_says_what_it_says(path: Path) -> None:
    """Every key of the file reaches the object as it stands there."""
    document = tomllib.loads(path.read_text())
    config = msgspec.to_builtins(read_config(path))
    for section, keys in document.items():
        for one, read_one in zip(keys, config[section], strict=True) if section == "ingest" else [(keys, config[section])]:
            for key, value in one.items():
                assert (list(read_one[key]) if isinstance(value, list) else read_one[key]) == value


def explanations(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Every entry under `Args:` of a section, its lines joined; those of keys that it shares with others come last."""
    explained: dict[str, str] = {}
    for base in kind.__mro__:
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            entries = inspect.cleandoc(base.__doc__ or "").partition("Args:\n")[2]
            rows = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", entries, re.MULTILINE)
            explained |= {key: " ".join(text.split()) for key, text in rows}
    return explained


def test_a_zone_that_is_misspelt_is_refused_by_every_command(tmp_path: Path) -> None:
    """Not by the training alone, which comes last."""
    said = refusal(tmp_path, '[fleet]\ntime_zone = "Europe/Berln"\n')
    assert said == "[fleet] time_zone: 'Europe/Berln' is no time zone; did you mean Europe/Berlin?"


@pytest.mark.parametrize("kind", section_types(), ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: type[msgspec.Struct]) -> None:
    """The docstring of a section lists exactly its keys, in order."""
    assert list(explanations(kind)) == [field.name for field in msgspec.structs.fields(kind)]


def test_the_page_has_every_section_in_order() -> None:
    """`docs/configuration.md` has a heading for each, and says what it is for; tests/whole/test_pages.py compares the keys."""
    page = re.split(r"^## `\[+(\w+)\]+`$", (ROOT / "docs" / "configuration.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert page[::2] == [field.name for field in msgspec.structs.fields(Config)]
    for kind, part in zip(section_types(), page[1::2], strict=True):
        assert part.strip().startswith(inspect.cleandoc(kind.__doc__ or "").partition("\n")[0])


def test_a_default_is_what_happens_when_the_key_is_left_out() -> None:
    """A number that stands for another number, or an empty text for a name, is no default; a port of 0 is any free one."""
    empty = {
        f"{kind.__name__}.{field.name}"
        for kind in section_types()
        for field in msgspec.structs.fields(kind)
        if field.default is not msgspec.NODEFAULT and field.default in (0, "") and field.default is not False
    }
    assert empty == {"Release.channel", "Train.seed", "Schedule.port", "Publish.qos"}


def test_a_file_of_an_earlier_version_goes_on_to_work(tmp_path: Path) -> None:
    """It says 0 or an empty text where a key that is left out says the same."""
    text = """\
[fleet]
interval = ""
horizon = 0
window = 0
[train]
units = 0
segment = 0
epochs = 0
[schedule]
name = ""
"""
    assert read(tmp_path, text) == Config()
    assert read(tmp_path, text.replace("= 0", "= 3").replace('interval = ""', 'interval = "1h"')) == Config(
        fleet=Fleet("1h", 3, 3), train=Train(units=3, segment=3, epochs=3)
    )


@pytest.mark.parametrize("kind", section_types(), ids=lambda kind: kind.__name__)
def test_every_default_would_be_accepted_in_a_file(kind: type[msgspec.Struct]) -> None:
    """Also those that are checked after parsing, which `Config()` alone does not show."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(kind) if field.default is not msgspec.NODEFAULT}
    given = {name: value for name, value in defaults.items() if value is not None}
    required = {
        "IngestRule": {"topic": "a/{b}"},
        "HistorySource": {"url": "sqlite:///a"},
        "InputRule": {"name": "a"},
        "AlertRule": {"name": "a"},
    }.get(kind.__name__, {})
    assert msgspec.convert(msgspec.to_builtins({**given, **required}), kind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mqqt]", "[mqqt] is unknown; did you mean 'mqtt'?"),
        ("[mqtt]\nulr = 'x'", "[mqtt] ulr is unknown; did you mean 'url'?"),
        ("[agent]\nlatness = '1s'", "[agent] latness is unknown; did you mean 'lateness'?"),
        ("[[ingest]]\ntopic = 'a'\ntimeunit = 's'", "[[ingest]] topic 'a': timeunit is unknown; did you mean 'time_unit'?"),
        ("[[ingest]]\ntopic = 'a'\nfill = 'keep'", "[[ingest]] topic 'a': fill: expected one of none, hold; got 'keep'"),
        ("[[ingest]]\ntopic = 'a'\ndecimal = ';'", "[[ingest]] topic 'a': decimal: expected one of '.', ','; got ';'"),
        ("zzz = 1", "zzz is unknown; known are mqtt, ingest"),
        ("[ingest]\ntopic = 'a'", "the section is written [[ingest]], in double brackets"),
        ("[[store]]\nurl = 'a'", "the section is written [store], in single brackets"),
        (
            "[mqtt]\nkeepalive = '60'",
            "[mqtt] keepalive: expected a whole number from 1 to 65535; got '60'; write it without quotation",
        ),
        ("[mqtt]\nkeepalive = 0", "[mqtt] keepalive: expected a whole number from 1 to 65535; got 0"),
        ("[mqtt]\nkeepalive = 70000", "[mqtt] keepalive: expected a whole number from 1 to 65535; got 70000"),
        ("[mqtt]\nclient_id = ''", "[mqtt] client_id: expected a text that is not empty, such as \"gatecast-agent\"; got ''"),
        ("[mqtt]\nurl = 'http://host'", "[mqtt] url: 'http://host' is no broker"),
        ("[mqtt]\nurl = 'mqtt://me:very-secret@host'", "[mqtt] url: keep the password out of it"),
        ("mqtt = 5", "[mqtt] is a section: write it in a line, and its keys below; got 5"),
        ("[agent]\nlateness = 60", '[agent] lateness: expected a text in quotation marks, such as "0s"; got 60'),
        ("[agent]\nlateness = '1 minute'", "[agent] lateness: '1 minute' is no duration"),
        ("[agent]\nlinger = '0s'", "[agent] linger: '0s' is no duration"),
        ("[agent]\nreport = '10'", "[agent] report: '10' is no duration"),
        ("[release]\npoll = '1m'", "[release] poll: '1m' is no duration; write a whole number and one of ns, us, ms, s, min"),
        ("[fleet]\ninterval = '999999d'", "[fleet] interval: '999999d' is no duration"),
        ("[agent]\nleads = [0]", "[agent] leads, entry 1: expected a whole number from 1 on; got 0"),
        ("[agent]\nclock = 'sun'", "[agent] clock: expected one of wall, event; got 'sun'"),
        ("[agent]\nbatch = 0", "[agent] batch: expected a whole number from 1 on; got 0"),
        ("[agent]\nhealth = '0.0.0.0:9273'", "must be a loopback address such as 127.0.0.1:9273, or off; got '0.0.0.0:9273'"),
        ("[fleet]\nquantiles = [0.1, 0.9]", "[fleet] quantiles must ascend"),
        (f"[fleet]\nquantiles = {[step / 102 for step in range(1, 102)]}", "[fleet] quantiles: expected at most 99; got 101"),
        ("[fleet]\ninterval = '999us'", "[fleet] interval: '999us' is no duration"),
        ("[fleet]\nmax_missing = 2.0", "[fleet] max_missing is a share between 0 and 1; got 2.0"),
        ("[fleet]\nhorizon = -1", "[fleet] horizon: expected a whole number from 1 on; got -1"),
        ("[fleet]\nhorizon = 'far'", "[fleet] horizon: expected a whole number from 1 on; got 'far'"),
        ("[fleet]\nhorizon = false", "[fleet] horizon: expected a whole number from 1 on; got false"),
        ("[train]\nepochs = -1", "[train] epochs: expected a whole number from 1 on; got -1"),
        ("[mqtt]\npassword_file = 5", "[mqtt] password_file: expected a text in quotation marks; got a number"),
        ("fleet = 5", "[fleet] is a section: write it in a line, and its keys below; got 5"),
        ("[schedule]\ncron = '0 24 * * *'", "[schedule] cron: '0 24 * * *' is no cron line; write five fields in UTC"),
        ("[train]\ncells = []", "[train] cells and designs need at least one entry each"),
        ("[train]\ncells = ['tcn']", "[train] cells, entry 1: expected one of gru, lstm, simplernn; got 'tcn'"),
        ("ingest = []", "without [[ingest]] no reading can come in"),
        ("[[ingest]]", "[[ingest]] needs a topic"),
        ("[[ingest]]\ntopic = 'a/#'", "[[ingest]] topic 'a/#': + and # give no name to a series"),
        ("[mqtt", "is no TOML: line 1, '[mqtt': the name of a section stands in brackets"),
        ("[mqtt]\n[mqtt]", "is no TOML: line 2, '[mqtt]': the section [mqtt] is there twice"),
    ],
)
def test_mistake_is_one_line_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """It names the file, the key, what was expected, and for a slip of the pen the nearest right key."""
    message = refusal(tmp_path, text)
    assert words in message
    assert "secret" not in message


def test_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    """The message says how to get one."""
    with pytest.raises(
        ConfigurationError, match=r"No such file or directory; name the file with --config, or make one with gatecast init"
    ):
        read_config(tmp_path / "gatecast.toml")
    (tmp_path / "gatecast.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is no TOML: it is no text in UTF-8; save it as UTF-8"):
        read_config(tmp_path / "gatecast.toml")
    with pytest.raises(ConfigurationError, match="Is a directory"):
        read_config(tmp_path)


def test_the_mark_that_some_editors_put_before_a_text_does_no_harm(tmp_path: Path) -> None:
    """The file is read as it is without."""
    (tmp_path / "gatecast.toml").write_bytes(b"\xef\xbb\xbf[agent]\nbatch = 7\n")
    assert read_config(tmp_path / "gatecast.toml").agent.batch == 7


def test_ingest_rules_are_built_as_written(tmp_path: Path) -> None:
    """An empty time path means the time of arrival."""
    config = read(tmp_path, "[[ingest]]\ntopic = 'a/{b}'\ntime = ''\n[[ingest]]\ntopic = 'c'\nformat = 'plain'\nseries = 'sea'")
    first, second = config.ingests()
    assert (first.filter, first.timed, second.timed) == ("a/+", False, False)
    assert taken(second, "c", "1") == {"sea": 1.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[store]\nkeep = "90days"', "[store] keep: '90days' is no duration"),
        ('[store]\nkeep = "12h"', "[store] keep: expected at least 1d; got 12h"),
        ('[store]\nurl = "influxdb://h/b"\nkeep = "90d"', "set the retention in InfluxDB"),
        ('[store]\nkeep = "90d"\n[agent]\nclock = "event"', 'does not count with [agent] clock = "event"; leave it out'),
        ('[store]\nkeep = "6d"\n[fleet]\ninterval = "1h"\nwindow = 168', "168 intervals of [fleet] window, 7d; got 6d"),
    ],
)
def test_rows_are_kept_for_as_long_as_a_window(text: str, words: str, tmp_path: Path) -> None:
    """Only an SQLite store deletes by itself, by the clock, and never what a window needs."""
    assert words in refusal(tmp_path, text)
    assert read(tmp_path, '[store]\nkeep = "7d"\n[fleet]\ninterval = "1h"\nwindow = 168').store.keep == "7d"


def test_a_store_in_the_agents_own_file_is_refused(tmp_path: Path) -> None:
    """However its path is written; any other file may be in that folder."""
    (tmp_path / "link").symlink_to(tmp_path / "state")
    for url in (f"{tmp_path}/state/spool.db", f"{tmp_path}/state/../link/spool%2Edb"):
        line = refusal(tmp_path, f'[store]\nurl = "sqlite:///{url}"\n[agent]\nstate = "{tmp_path}/state"')
        assert line.startswith("[store] url: ")
        assert line.endswith(
            "is the agent's own file, of what has not reached the store yet; choose another one, such as sqlite:///gatecast.db"
        )
    assert "agent's own file" in refusal(tmp_path, '[store]\nurl = "sqlite:///gatecast-state/spool.db"')
    read(tmp_path, f'[store]\nurl = "sqlite:///{tmp_path}/state/store.db"\n[agent]\nstate = "{tmp_path}/state"')


@pytest.mark.parametrize(
    ("topic", "more", "refused"),
    [
        ("sensors/#", "", True),
        ("sensors/+/+", "", True),
        ("sensors/#", 'fill = "hold"', False),
        ("sensors/roof/+", "", False),
        ("weather/home", "", False),
        ("weather/#", "", False),
    ],
)
def test_an_input_that_takes_all_messages_of_a_rule_is_refused(tmp_path: Path, topic: str, more: str, *, refused: bool) -> None:
    """A rule with wildcards would get nothing, and no line would say so; one that names its topic reads the message as well."""
    text = '[[ingest]]\ntopic = "sensors/{device}/{metric}"\n[[ingest]]\ntopic = "weather/home"\nseries = "now"\n'
    text += f'[[input]]\nname = "wind"\ntopic = "{topic}"\n{more}\n'
    if refused:
        assert f"[[input]] name 'wind': topic '{topic}' would take all messages of [[ingest]]" in refusal(tmp_path, text)
    else:
        assert read(tmp_path, text).input[0].topic == topic
