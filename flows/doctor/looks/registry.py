"""The registry: the champion of the channel, and the newest candidate beside it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edge.checks.finding import Finding, of_error, warning
from edge.config.sections import Config
from edge.errors import GatecastError
from edge.forecaster.manifest import Manifest
from edge.quoting import counted
from edge.release.releases import NOTHING_YET
from pipeline.release.registry import Registry
from pipeline.report.page import gain

START = NOTHING_YET.removeprefix(", or ")


def check_registry(config: Config, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> list[Finding]:
    """What is released on the channel, and whether something newer waits.

    Args:
        config: configuration.
        now: function that gives the time, UTC.
    """
    registry, channel = Registry(Path(config.registry.path)), config.registry.channel
    try:
        live, known = registry.live(channel), registry.versions()
    except (GatecastError, OSError) as error:
        return [of_error("champion", error, f"release another one: gatecast rollback, or {START}")]
    if live is None:
        return [warning("champion", f"nothing is released on channel {channel!r} of {config.registry.path}", START)]
    findings = [Finding("champion", f"{_words(live.manifest, now())}, on channel {channel!r}")]
    newest = max(known, key=lambda manifest: manifest.created, default=live.manifest)
    if newest.version != live.manifest.version and newest.created > live.manifest.created:
        text = f"{_words(newest, now())}: newer than the champion, and not released"
        findings.append(Finding("candidate", f"{text}; gatecast promote {newest.version} would release it"))
    else:
        findings.append(Finding("candidate", f"none is newer; {counted(len(known), 'bundle')} kept"))
    return findings


def _words(manifest: Manifest, now: datetime) -> str:
    own = next((metric for metric in manifest.metrics if metric.forecaster == manifest.version), None)
    skill = "" if own is None or own.skill is None else f", skill {gain(own.skill)}"
    learned = f"{len(manifest.series)} series" if manifest.series else "trained on none of your series"
    days = (now - datetime.fromisoformat(manifest.created).astimezone(UTC)).days
    return f"{manifest.version}: {learned}{skill}, {counted(days, 'day')} old"
