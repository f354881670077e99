"""`gatecast-agent check`: what stands in the way is one line each."""

import json
import os
import re
import subprocess
import sys

import pytest

from edge.checks.configured import check
from edge.forecaster.bundle import Bundle, write_bundle
from edge.spool.spool import Commit, Spool
from tests.edge.test_forecaster_manifest import CONTENT, model_manifest
from tests.support.home_assistant import Recorder
from tests.support.ready_device import HEAVY, Device
from tests.support.sources import START


def test_check_of_a_ready_device(device: Device) -> None:
    """One line for each thing looked at; nothing is made and nothing contacted."""
    before = sorted(device.folder.rglob("*"))
    answer = device.run("check")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"ok    {name}" for name in ("configuration", "broker", "ingest", "store", "runtime", "bundle")
    ]
    assert "last_value, 1 series, interval 1min, looks back 5min, ahead 3min; self-test passed" in lines[-1]
    assert "; 1 series here need 0.0 MB, of at most " in lines[-1]
    assert sorted(device.folder.rglob("*")) == before


@pytest.mark.parametrize(("query", "hints"), [("", 1), ("?org=home", 0)])
def test_check_names_the_organisation_that_is_missing(query: str, hints: int, device: Device) -> None:
    """InfluxDB 2 needs it in most cases; 1 and 3 do not, so it is no fault."""
    device.configure(f'[store]\nurl = "influxdb://127.0.0.1:1/b{query}"\n[release]\nchannel = "registry/live.json"\n')
    answer = device.run("check")
    assert (answer.returncode, answer.stdout.count("names no ?org=my-org")) == (0, hints)


def test_check_says_what_history_this_device_can_read(device: Device) -> None:
    """A file is opened and a server is not contacted; what only a trainer reads is no fault."""
    recorder = Recorder(device.folder / "ha.db")
    recorder.states("sensor.a", [(START, "1")])
    urls = (f"sqlite:///{recorder.path}", f"sqlite:///{device.folder}/no.db", "influxdb://127.0.0.1:1/b", "parquet:///a")
    device.configure("".join(f'[[history]]\nurl = "{url}"\n' for url in urls))
    findings = [finding for finding in check(device.folder / "gatecast.toml") if finding.subject == "history"]
    assert [finding.code for finding in findings] == [0, 1, 0, 0]
    ends = ("can be read", "does not exist; check url", "(not contacted)", "copies this one to [store]")
    assert [finding.whole.endswith(end) for finding, end in zip(findings, ends, strict=True)] == [True] * 4


def test_check_says_where_values_of_inputs_come_from(device: Device) -> None:
    """From a topic, from a file that is here or is not, or from nowhere: a trainer may have what this device has not."""
    here, away = device.folder / "a.csv", device.folder / "b.csv"
    here.write_text("time,value\n")
    sections = (
        f'name = "a"\ntopic = "w/a"\ntimezone = "Europe/Berlin"\nfile = "{here}"\n',
        f'name = "b"\ntopic = "w/b"\nfile = "{away}"\n',
        'name = "c"\n',
    )
    device.configure("".join(f"[[input]]\n{section}" for section in sections))
    findings = [finding for finding in check(device.folder / "gatecast.toml") if finding.subject == "input"]
    zones = [f"times without a zone are taken as {zone}; history for training from " for zone in ("Europe/Berlin", "UTC")]
    assert [finding.text for finding in findings] == [
        f"a: values from topic 'w/a', {zones[0]}{here}",
        f"b: values from topic 'w/b', {zones[1]}{away} (not on this machine)",
        "c: no topic, so no message tells this device its values; it forecasts without it",
    ]
    assert {finding.code for finding in findings} == {0}


def test_check_says_what_alerts_ask_for_and_which_look_too_far(device: Device) -> None:
    """The forecasts of the bundle end after three minutes; without a bundle nothing is known of them."""
    sections = ('name = "hot"\nabove = 5\nwithin = "3min"\n', 'name = "cold"\nbelow = 5\nwithin = "4min"\n')
    alerts = "".join(f"[[alert]]\n{section}" for section in sections)
    device.configure(f'{alerts}[release]\nchannel = "{device.folder}/registry/live.json"\n')
    findings = [finding for finding in check(device.folder / "gatecast.toml") if finding.subject == "alert"]
    assert [finding.code for finding in findings] == [0, 1]
    assert findings[0].text == "hot: * above 5 within 3min, raised from a probability of 0.5 on"
    assert findings[1].text.startswith("cold: within = '4min' lies beyond the horizon of the forecasts, 3min,")
    device.configure(f'{alerts}[release]\nchannel = "no/live.json"\n')
    findings = [finding for finding in check(device.folder / "gatecast.toml") if finding.subject == "alert"]
    assert [finding.code for finding in findings] == [0, 0]


def test_check_says_the_unit_of_an_alert(device: Device) -> None:
    """Where the rules of the messages say it."""
    alert = '[[alert]]\nname = "warm"\nseries = "freezer.*"\nabove = -15\n'
    for unit, said in (('unit = "°C"\n', "-15 °C"), ("", "-15")):
        device.configure(f'{alert}[[ingest]]\ntopic = "sensors/{{device}}/{{metric}}"\n{unit}')
        (finding,) = [finding for finding in check(device.folder / "gatecast.toml") if finding.subject == "alert"]
        assert finding.text == f"warm: freezer.* above {said}, raised from a probability of 0.5 on"


def test_check_says_which_secret_is_not_encrypted(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning within a private network, exit code 2 beyond it."""
    monkeypatch.setenv("GATECAST_MQTT_PASSWORD", "secret")
    text = '[mqtt]\nurl = "mqtt://me@{}"\n[release]\nchannel = "registry/live.json"\n'
    device.configure(text.format("homeassistant.local"))
    findings = [finding for finding in check(device.folder / "gatecast.toml") if finding.subject == "encryption"]
    assert [finding.code for finding in findings] == [0]
    assert findings[0].text.startswith("[mqtt] sends the password to homeassistant.local without encryption")
    device.configure(text.format("example.com"))
    answer = device.run("check")
    assert (answer.returncode, answer.stdout.count("\n")) == (2, 1)
    assert "or set [mqtt] allow_unencrypted = true" in answer.stdout


def test_check_refuses_what_the_agent_would_refuse_for_memory(device: Device) -> None:
    """The series that the agent knows count, and nothing is left beside its spool."""
    state = device.folder / "state"
    spool = Spool(state / "spool.db", "sqlite")
    spool.commit(Commit(series=[(index, f"d{index}.t", {}) for index in range(3000)]))
    spool.close()
    before = sorted(state.iterdir())
    device.configure(f'[agent]\nlateness = "36500d"\nstate = "{state}"\n[release]\nchannel = "registry/live.json"\n')
    answer = device.run("check")
    assert answer.returncode == 1
    assert "would be refused here: it needs " in answer.stdout
    assert " MB for 3000 series of " in answer.stdout
    assert sorted(state.iterdir()) == before


def test_check_as_json(device: Device) -> None:
    """One object with every finding."""
    answer = device.run("check", "--json")
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["ok"], len(document["checks"])) == (0, True, 6)
    assert all(set(one) == {"subject", "text", "advice", "grade", "code"} for one in document["checks"])


@pytest.mark.parametrize(
    "content", [b'{"new": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", b'"bundle": "http://["', b'"bundle": "a\\u0000b"', None]
)
def test_check_of_a_channel_that_no_one_can_read_is_one_line(content: bytes | None, device: Device) -> None:
    """Nested without end, an address that is none, a NUL, a pipe: exit code 1 and no traceback."""
    document = device.folder / "registry" / "live.json"
    if content is None:
        document.unlink()
        os.mkfifo(document)
    elif content.startswith(b"{"):
        document.write_bytes(content)
    else:
        document.write_bytes(re.sub(rb'"bundle": *"[^"]*"', lambda _: content, document.read_bytes()))
    answer = device.run("check")
    assert (answer.returncode, answer.stderr) == (1, "")
    assert len([line for line in answer.stdout.splitlines() if line.startswith("WRONG bundle: ")]) == 1


@pytest.mark.parametrize("damage", ["manifest", "missing"])
def test_check_of_a_damaged_bundle_fails(damage: str, device: Device) -> None:
    """Exit code 1, and the line says what was expected and what to do."""
    manifest = device.bundle / "manifest.json"
    if damage == "manifest":
        manifest.write_bytes(manifest.read_bytes().replace(b"roof", b"wood"))
    else:
        (device.folder / "registry" / "live.json").unlink()
    answer = device.run("check")
    assert answer.returncode == 1
    wrong = [line for line in answer.stdout.splitlines() if line.startswith("WRONG bundle: ")]
    assert len(wrong) == 1
    assert ("expected a manifest with SHA-256" if damage == "manifest" else "check [release] channel") in wrong[0]
    document = json.loads(device.run("check", "--json").stdout)
    assert (document["ok"], [one["code"] for one in document["checks"]]) == (False, [0, 0, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mqqt]\n", "did you mean 'mqtt'?"),
        ("[store]\nurl = 'postgres://x/y'\n", "is no store; write sqlite"),
        ("[store]\nurl = 'sqlite:///a#b.db'\n", "write it as %23"),
        ("[store]\nurl = 'influxdb://h/b#c'\n", "write it as %23"),
        ("[store]\nurl = 'sqlite:///a?b.db'\n", "in its name as %3F"),
        ("[store]\nurl = 'influxdb://h/b'\ntoken_file = 'missing'\n", "check [store] token_file"),
        ("[mqtt]\npassword_file = 'missing'\n", "check [mqtt] password_file"),
        ("[release]\nchannel = 'ftp://host/live.json'\n", "write a path or an http(s) URL"),
        ("[release]\nchannel = 'http://['\n", "write a path or an http(s) URL"),
        ('[release]\nchannel = "a\\u0000b"\n', "write a path or an http(s) URL"),
        ("[agent]\nhealth = '0.0.0.0:1'\n", "must be a loopback address"),
    ],
)
def test_check_of_a_wrong_configuration_is_exit_code_2(text: str, words: str, device: Device) -> None:
    """One line, also as JSON."""
    device.configure(text)
    answer = device.run("check")
    assert (answer.returncode, answer.stderr, answer.stdout.count("\n")) == (2, "", 1)
    assert answer.stdout.startswith("WRONG configuration: ")
    assert words in answer.stdout
    answer = device.run("check", "--json")
    assert answer.returncode == 2
    assert json.loads(answer.stdout)["checks"][0]["code"] == 2


def test_check_without_a_configuration_says_how_to_get_one(device: Device) -> None:
    """Exit code 2, no traceback."""
    answer = device.run("check", "--config", "other.toml")
    assert answer.returncode == 2
    assert "name the file with --config, or make one with gatecast init" in answer.stdout


def test_check_says_that_no_bundle_can_come_where_no_channel_is_set(device: Device) -> None:
    """A file without `[release]` is whole, and an agent with it would store readings for ever."""
    device.configure("")
    answer = device.run("check")
    assert answer.returncode == 1
    assert "none on this device, and [release] channel is empty, so no bundle can come: set it, such as" in answer.stdout


def test_check_looks_at_the_bundle_that_is_live_on_the_device(device: Device) -> None:
    """Without a channel in reach that is the one the agent remembers, whatever else lies there."""
    device.configure('[release]\nchannel = "https://registry.example/live.json"\n')
    assert "none on this device yet" in device.run("check").stdout
    bundles = device.folder / "gatecast-state" / "bundles"
    bundles.mkdir(parents=True)
    device.bundle.rename(bundles / device.bundle.name)
    (bundles / "99991231T000000Z-gru-00000000").mkdir()
    assert "none on this device yet" in device.run("check").stdout
    (bundles / "live.json").write_text(json.dumps({"live": device.bundle.name}))
    answer = device.run("check")
    assert (answer.returncode, device.bundle.name in answer.stdout) == (0, True)


def test_check_refuses_a_model_that_learned_another_kind(device: Device) -> None:
    """The agent would refuse it for the rules of this device; the line says what to do."""
    manifest = model_manifest()
    bundles = device.folder / "gatecast-state" / "bundles"
    write_bundle(bundles, Bundle(manifest, CONTENT))
    (bundles / "live.json").write_text(json.dumps({"live": manifest.version}))
    device.configure('[[ingest]]\ntopic = "{device}"\nkind = "counter"\nfill = "hold"\n')
    answer = device.run("check")
    assert answer.returncode == 1
    assert (
        "would be refused here: its model learned series 'cellar' as gauge, which is counter, held for 1d here (and 1 more "
        "series); run gatecast retrain"
    ) in answer.stdout


def test_check_loads_nothing_heavy(device: Device) -> None:
    """Neither the trainer's packages nor the database's client; a device may not even have them."""
    code = f"import sys, edge.cli; print(edge.cli.run(['check'])); print([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=device.folder, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-2:] == ["0", "[]"]


def test_a_preset_of_many_topics_is_one_line(device: Device) -> None:
    """With the first of them, and how many more there are."""
    device.configure('[[ingest]]\npreset = "evcc"\n[[ingest]]\npreset = "shelly"\n')
    texts = [finding.text for finding in check(device.folder / "gatecast.toml") if finding.subject == "ingest"]
    assert texts == [
        "preset evcc: evcc/site/gridPower -> evcc.site.gridPower; 40 more",
        "preset shelly: +/status/+ -> {device}.{component}.{key}",
    ]


def test_check_says_what_is_published_and_what_raises_alarms(device: Device) -> None:
    """A line each; one alarm in 100 days and series is 30 in a month of a hundred series."""
    device.configure(
        '[mqtt]\nclient_id = "a"\n[publish]\nseries = ["x", "y.*"]\nretain = false\nhome_assistant = true\n'
        '[anomaly]\nevery = "100d"\nseries = ["x"]\n[[alert]]\nname = "hot"\nabove = 5\nwithin = "3min"\n'
    )
    findings = {finding.subject: finding.text for finding in check(device.folder / "gatecast.toml")}
    assert findings["publish"] == (
        "forecasts of x, y.* on gatecast/a/forecast/SERIES, not kept, QoS 0, alerts on gatecast/a/alert/RULE/SERIES, "
        "anomalies on gatecast/a/anomaly/SERIES, "
        "Home Assistant finds devices under homeassistant/"
    )
    assert findings["anomaly"] == "x: a quiet series raises one alarm in 100d, so a hundred of them about 30 a month"
