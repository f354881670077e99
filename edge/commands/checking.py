"""Whether a device is ready: configuration and bundle, without touching the network."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edge.config.reading import read_config
from edge.config.sections import SPOOL_FILE, Config, Mqtt
from edge.contract.times import parse_duration
from edge.errors import BundleError, ConfigurationError, GatecastError
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import runtime_name
from edge.inputs.rule import InputRule
from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests, meaning_of
from edge.messages.rule import IngestRule
from edge.release.capacity import SHARE, Fleet, expected_series, memory, need, shortage
from edge.release.channel import Source
from edge.release.meanings import disagreement
from edge.release.pace import too_slow
from edge.release.ready import open_bundle, try_hard_windows
from edge.release.releases import NO_CHANNEL, NOTHING_YET, live_bundle
from edge.sources.settings import INFLUX, HistorySource
from edge.sources.source import open_source


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        subject: subject of the check.
        text: result, and advice where it is wrong.
        code: 0 fine, 1 failed, 2 wrong configuration.
    """

    subject: str
    text: str
    code: int = 0

    def document(self) -> dict[str, str | int]:
        """The same as JSON types."""
        return {"subject": self.subject, "text": self.text, "code": self.code}


def check(path: Path) -> list[Finding]:
    """Everything that can be known without the network."""
    try:
        config = read_config(path)
        store = config.store.open()
        Source(config.release.channel, config.release.tls, password=config.release.password())
        warnings = config.in_the_open()
        runtime = runtime_name()
    except ConfigurationError as error:
        return [Finding("configuration", str(error), 2)]
    return [
        Finding("configuration", str(path)),
        Finding("broker", _broker(config.mqtt)),
        *(Finding("ingest", text) for rule in config.ingest for text in _rules(rule)),
        *(Finding("input", _input(rule)) for rule in config.input),
        Finding("store", f"{store.kind} {config.store.url} (not contacted)" + (f"; {store.advice}" if store.advice else "")),
        *(_check_history(settings, config.ingests()) for settings in config.history),
        *(Finding("encryption", warning) for warning in warnings),
        Finding("runtime", runtime),
        _check_bundle(config),
        *_check_alerts(config),
    ]


def _broker(mqtt: Mqtt) -> str:
    """How the agent will connect; a group of agents needs a broker that keeps a topic with one of them."""
    text = f"{mqtt.url} as {mqtt.client_id!r}, MQTT {mqtt.version} (not contacted)"
    if mqtt.share is None:
        return text
    return (
        f"{text}; shares the messages with the group {mqtt.share!r}: only with a broker that gives all messages of a topic to "
        "the same agent are its windows whole, and mosquitto does not; see docs/operations.md"
    )


def _check_history(settings: HistorySource, ingests: Sequence[Ingest]) -> Finding:
    """Whether a source of `[[history]]` can fill windows here; a file is opened, a server is not contacted."""
    try:
        source = open_source(settings, ingests)
        if settings.scheme in INFLUX:
            return Finding("history", f"{settings.label} (not contacted)")
        source.span()
    except ConfigurationError as error:
        return Finding("history", str(error))
    except GatecastError as error:
        return Finding("history", str(error), 1)
    return Finding("history", f"{settings.label}: can be read")


def _input(rule: InputRule) -> str:
    """Where the values of an input come from, here and in a training."""
    text = f"{rule.name}: no topic, so no message tells this device its values; it forecasts without it"
    if rule.topic is not None:
        zone = rule.timezone or "UTC"
        text = f"{rule.name}: values from topic {rule.topic!r}, times without a zone are taken as {zone}"
    if rule.file is None:
        return text
    missing = "" if Path(rule.file).is_file() else " (not on this machine)"
    return f"{text}; history for training from {rule.file}{missing}"


def _rules(rule: IngestRule) -> list[str]:
    """What a section of the configuration takes: one line, also for a preset of many topics."""
    texts = [_rule(ingest) for ingest in make_ingests([rule])]
    if rule.preset is None:
        return texts
    more = f"; {len(texts) - 1} more" if len(texts) > 1 else ""
    return [f"preset {rule.preset}: {texts[0]}{more}"]


def _rule(ingest: Ingest) -> str:
    """Which topics a rule takes, and what it calls their series."""
    text = f"{ingest.filter} -> {ingest.series.template.text}"
    if ingest.unnamed:
        text += f"; topics that differ only in {', '.join(ingest.unnamed)} give one series"
    return text


def local_bundle(config: Config) -> Bundle | None:
    """The bundle a local channel names, else the one that is live on this device; None where there is none.

    Raises:
        ConfigurationError: the channel is no path and no http(s) URL.
        BundleError: it is damaged.
    """
    channel = config.release.channel
    source = Source(channel, config.release.tls)
    if channel and not source.remote:
        try:
            return source.read_bundle(source.read_channel())
        except OSError as error:
            raise BundleError(f"cannot read {channel}: {error.strerror}; check [release] channel{NOTHING_YET}") from error
    return live_bundle(Path(config.agent.state) / "bundles")


def _check_bundle(config: Config) -> Finding:
    try:
        bundle = local_bundle(config)
        if bundle is None:
            if not config.release.channel:
                return Finding("bundle", f"none on this device, and {NO_CHANNEL}", 1)
            return Finding("bundle", "none on this device yet; it comes from [release] channel at the first start")
        manifest, room = bundle.manifest, memory()
        known = _known_series(Path(config.agent.state) / SPOOL_FILE)
        series = max(known, len(manifest.series), 1)
        counters = any(learned.kind == "counter" for learned in manifest.meanings.values())
        fleet = Fleet(series, parse_duration(config.agent.lateness, shortest=0), config.agent.leads, counters)
        meaning = partial(meaning_of, config.ingests())
        expected = replace(fleet, series=expected_series(series, config.agent.max_series))
        lack = shortage(manifest.contract, expected, room) or disagreement(manifest, meaning)
        if lack is None:
            forecaster = open_bundle(bundle)
            try_hard_windows(bundle, forecaster)
            lack = None if bundle.model is None else too_slow(forecaster, known or len(manifest.series) or 1)
        if lack is not None:
            return Finding("bundle", f"{manifest.version} would be refused here: {lack}", 1)
    except BundleError as error:
        return Finding("bundle", str(error), 1)
    made = manifest.model.cell if manifest.model else manifest.baseline
    return Finding(
        "bundle",
        f"{manifest.version}: {made}, {len(manifest.series)} series, {manifest.contract.words}; self-test passed; "
        f"{series} series here need {need(manifest.contract, fleet) / 2**20:,.1f} MB, "
        f"of at most {SHARE * room / 2**20:,.0f} MB",
    )


def _check_alerts(config: Config) -> list[Finding]:
    """What each rule asks for, and what the bundle cannot give it."""
    try:
        bundle = local_bundle(config) if config.alert else None
    except GatecastError:  # said of the bundle
        bundle = None
    findings = []
    for rule in config.alert:
        shortfall = None if bundle is None else rule.shortfall(bundle.manifest.contract)
        findings.append(Finding("alert", rule.words) if shortfall is None else Finding("alert", shortfall, 1))
    return findings


def _known_series(spool: Path) -> int:
    """How many series the agent knows already; nothing is locked, made or changed, so what it wrote last may be missing."""
    if not spool.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{spool.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM series").fetchone()[0])
    except sqlite3.Error:
        return 0
