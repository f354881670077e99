"""Whether a device is ready: configuration and bundle, without touching the network."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edge.checks.finding import Finding, of_error, warning, wrong
from edge.checks.units import unit_of
from edge.config.reading import read_config
from edge.config.sections import SPOOL_FILE, Config, Mqtt
from edge.contract.times import parse_duration
from edge.errors import BundleError, ConfigurationError, GatecastError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import runtime_name
from edge.inputs.rule import InputRule
from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests, meaning_of
from edge.messages.rule import IngestRule
from edge.publish.topics import Plan
from edge.release.capacity import SHARE, Asked, Fleet, expected_series, memory, need, shortage
from edge.release.channel import Source
from edge.release.meanings import disagreement
from edge.release.pace import too_slow
from edge.release.ready import open_bundle, try_hard_windows
from edge.release.releases import NO_CHANNEL, NOTHING_YET, live_bundle
from edge.sources.settings import INFLUX, HistorySource
from edge.sources.source import open_source

MONTH = 30  # days


@dataclass(frozen=True, slots=True)
class Checked:
    """What a configuration and its bundle are like.

    Args:
        findings: findings, in the order in which they are told.
        config: configuration; None where it cannot be used.
        bundle: bundle that a local channel names or that is live here; None where there is none, or it cannot be used.
        forecaster: forecaster of that bundle, which has passed its self-test; None where it would be refused here.
    """

    findings: list[Finding]
    config: Config | None = None
    bundle: Bundle | None = None
    forecaster: Forecaster | None = None


def check(path: Path) -> list[Finding]:
    """Everything that can be known without the network."""
    return checked(path).findings


def checked(path: Path, *, contacts: bool = False) -> Checked:
    """Everything that can be known without the network, and what it was known from.

    Args:
        path: configuration.
        contacts: whether the servers are asked next, so that nothing is said of them here.
    """
    try:
        config = read_config(path)
        with closing(config.store.open()) as store:
            advice = f"; {store.advice}" if store.advice else ""
        Source(config.release.channel, config.release.tls, password=config.release.password())
        warnings = config.in_the_open()
        runtime = runtime_name()
    except ConfigurationError as error:
        return Checked([of_error("configuration", error)])
    bundle, forecaster, of_bundle = check_bundle(config)
    findings = [
        Finding("configuration", str(path)),
        *([] if contacts else [Finding("broker", _broker(config.mqtt))]),
        *(Finding("ingest", text) for rule in config.ingest for text in _rules(rule)),
        *(Finding("input", _input(rule)) for rule in config.input),
        *([] if contacts else [Finding("store", f"{store.kind} {config.store.url} (not contacted){advice}")]),
        *(
            _check_history(settings, config.ingests())
            for settings in config.history
            if not (contacts and settings.scheme in INFLUX)
        ),
        *(warning("encryption", text) for text in warnings),
        *([] if contacts else [Finding("runtime", runtime)]),
        of_bundle,
        *_check_alerts(config, bundle),
        *what_is_published(config),
        *what_raises_alarms(config),
    ]
    return Checked(findings, config, bundle, forecaster)


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
        return of_error("history", error)
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


def usable_bundle(config: Config) -> Bundle | None:
    """As `local_bundle`, and None where it cannot be read: `check_bundle` says why."""
    try:
        return local_bundle(config)
    except (GatecastError, OSError):
        return None


def check_bundle(config: Config) -> tuple[Bundle | None, Forecaster | None, Finding]:
    """The bundle of a configuration, its forecaster where the agent would take it, and what is to be said of it."""
    try:
        bundle = local_bundle(config)
    except BundleError as error:
        return None, None, of_error("bundle", error)
    if bundle is None and not config.release.channel:
        return None, None, wrong("bundle", f"none on this device, and {NO_CHANNEL}")
    if bundle is None:
        return None, None, Finding("bundle", "none on this device yet; it comes from [release] channel at the first start")
    return bundle, *judged(config, bundle)


def judged(config: Config, bundle: Bundle) -> tuple[Forecaster | None, Finding]:
    """The forecaster of a bundle, where the agent of a configuration would take it on this device; and what it is."""
    manifest, room = bundle.manifest, memory()
    known = len(_names(Path(config.agent.state) / SPOOL_FILE))
    series = max(known, len(manifest.series), 1)
    fleet = fleet_of(config, bundle, series)
    expected = replace(fleet, series=expected_series(series, config.agent.max_series))
    forecaster: Forecaster | None = None
    try:
        lack = shortage(manifest.contract, expected, room) or disagreement(manifest, partial(meaning_of, config.ingests()))
        if lack is None:
            forecaster = open_bundle(bundle)
            try_hard_windows(bundle, forecaster)
            lack = None if bundle.model is None else too_slow(forecaster, known or len(manifest.series) or 1)
    except BundleError as error:
        return None, of_error("bundle", error)
    if lack is not None:
        return None, wrong("bundle", f"{manifest.version} would be refused here: {lack}")
    made = manifest.model.cell if manifest.model else manifest.baseline
    learned = f"{len(manifest.series)} series" if manifest.series else "trained on none of your series"
    return forecaster, Finding(
        "bundle",
        f"{manifest.version}: {made}, {learned}, {manifest.contract.words}; self-test passed; "
        f"{series} series here need {need(manifest.contract, fleet) / 2**20:,.1f} MB, "
        f"of at most {SHARE * room / 2**20:,.0f} MB",
    )


def fleet_of(config: Config, bundle: Bundle, series: int) -> Fleet:
    """What a device forecasts by a bundle, with so many series."""
    manifest = bundle.manifest
    counters = any(learned.kind == "counter" for learned in manifest.meanings.values())
    asked = Asked(config.alert, config.anomaly, config.publish, manifest.series)
    return Fleet(series, parse_duration(config.agent.lateness, shortest=0), config.agent.leads, counters, asked)


def _check_alerts(config: Config, bundle: Bundle | None) -> list[Finding]:
    """What each rule asks for, and what the bundle cannot give it."""
    findings, ingests = [], config.ingests()
    names = _names(Path(config.agent.state) / SPOOL_FILE) + ([] if bundle is None else [*bundle.manifest.series])
    for rule in config.alert:
        shortfall = None if bundle is None else rule.shortfall(bundle.manifest.contract)
        words = rule.words(unit_of(rule.patterns, names, ingests))
        findings.append(Finding("alert", words) if shortfall is None else wrong("alert", shortfall))
    return findings


def what_is_published(config: Config) -> list[Finding]:
    """The topics that the agent will use; nothing without a section `[publish]`."""
    if config.publish is None:
        return []
    settings, plan = config.publish, Plan.of(config.publish, config.mqtt.client_id, config.alert)
    words = [f"forecasts of {', '.join(settings.series)} on {plan.topics.prefix}/forecast/SERIES"]
    words.append(f"{'kept by the broker' if settings.retain else 'not kept'}, QoS {settings.qos}")
    if config.alert:
        words.append(f"alerts on {plan.topics.prefix}/alert/RULE/SERIES")
    if config.anomaly.days is not None:
        words.append(f"anomalies on {plan.topics.prefix}/anomaly/SERIES")
    if settings.home_assistant:
        words.append(f"Home Assistant finds devices under {plan.topics.discovery}/")
    return [Finding("publish", ", ".join(words))]


def what_raises_alarms(config: Config) -> list[Finding]:
    """What `[anomaly] every` means; nothing where it is off."""
    days, anomaly = config.anomaly.days, config.anomaly
    if days is None:
        return []
    names = anomaly.series if isinstance(anomaly.series, str) else ", ".join(anomaly.series)
    return [
        Finding(
            "anomaly",
            f"{names}: a quiet series raises one alarm in {anomaly.every}, so a hundred of them about "
            f"{100 * MONTH / days:,.3g} a month",
        )
    ]


def _names(spool: Path) -> list[str]:
    """The series that the agent knows already; nothing is locked, made or changed, so what it wrote last may be missing."""
    if not spool.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{spool.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return [str(name) for (name,) in connection.execute("SELECT name FROM series")]
    except sqlite3.Error:
        return []
