"""Prefect: whether its API answers, knows the flows of this fleet, and somebody starts their runs."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from edge.checks.finding import Finding, warning, wrong
from edge.config.sections import Config
from edge.quoting import first_line, one_line, quoted, without_account
from flows.retraining.fleet import fleet_name
from flows.serving.deployment import OVER, Deployment, Run, understood
from flows.serving.schedule import HOME
from flows.serving.served import served

PATIENCE = 5.0  # seconds for an answer
SERVE = "start gatecast serve, as a service that comes back with the machine"
LONGEST_TEXT = 200  # characters of what a run says


def check_prefect(config: Config, config_path: Path, processes: Path = Path("/proc")) -> list[Finding]:
    """The server, and what it knows of this fleet.

    Args:
        config: configuration.
        config_path: its file.
        processes: folder of the processes of this machine.
    """
    named = PREFECT_API_URL.value()
    url = named or (f"http://127.0.0.1:{config.schedule.port}/api" if config.schedule.port else None)
    serving = None if named else server_of_ours(config_path, processes)
    if url is None or (not named and serving is None):
        return [_without(config, serving)]
    settings = {PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(settings):
        try:
            with understood():
                return [
                    Finding("prefect", f"{without_account(url)} answers, Prefect {_version()}"),
                    *_flows(config, config_path),
                ]
        except (HTTPError, RuntimeError) as error:
            reason = one_line(first_line(error))
            return [
                wrong(
                    "prefect",
                    f"{without_account(url)} does not answer: {reason}",
                    "start its server with prefect server start, or check PREFECT_API_URL",
                )
            ]


def server_of_ours(config_path: Path, processes: Path = Path("/proc")) -> int | None:
    """Process of the `gatecast serve` that keeps Prefect's data beside the configuration; None where there is none."""
    folder = Path(os.environ.get("PREFECT_HOME") or config_path.resolve().parent / HOME)
    try:
        number = (folder / "serve.lock").read_text().strip()
    except OSError:
        return None
    return int(number) if number.isdecimal() and (processes / number).exists() else None


def _without(config: Config, serving: int | None) -> Finding:
    if serving is not None:
        text = f"gatecast serve runs (process {serving}), with a Prefect server of its own"
        return Finding("prefect", f"{text}; with [schedule] port its runs could be told here")
    text = "PREFECT_API_URL names no server, and no gatecast serve runs beside this configuration"
    if config.schedule.active or config.monitor.active:
        return warning("prefect", f"{text}: nothing trains by [schedule], nor on drift", SERVE)
    return Finding("prefect", f"{text}; [schedule] and [monitor] are off")


def _ask(path: str) -> Any:  # noqa: ANN401 - JSON
    with get_client(httpx_settings={"timeout": PATIENCE}, sync_client=True) as client:
        answer = client.request("GET", path)  # type: ignore[arg-type]
        return answer.json()


def _version() -> str:
    return str(_ask("/admin/version"))[:40]


def _flows(config: Config, config_path: Path) -> list[Finding]:
    name = fleet_name(config_path, config)
    findings = []
    for flow in served(config):
        document = _known(f"/deployments/name/{flow.name}/{name}")
        if document is None:
            findings.append(warning("prefect", f"it knows no deployment {flow.name}/{name}", SERVE))
            continue
        if document.get("status") != "READY":
            findings.append(warning("prefect", f"nobody starts the runs of {flow.name}/{name}", SERVE))
        now = datetime.now(UTC)
        runs = Deployment(UUID(document["id"]), PATIENCE).newest(now)
        findings.append(_last(flow.name, next((run for run in runs if run.state in OVER), None)))
    return findings


def _known(path: str) -> dict[str, Any] | None:
    """A document of the server; None where it has none."""
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415 - beside its use

    try:
        document: dict[str, Any] = _ask(path)
    except ObjectNotFound:
        return None
    except HTTPError as error:
        if getattr(getattr(error, "response", None), "status_code", None) == 404:
            return None
        raise
    return document


def _last(flow: str, run: Run | None) -> Finding:
    subject = f"run of {flow}"
    if run is None:
        return Finding(subject, "none has ended yet")
    when = run.since.strftime("%Y-%m-%d %H:%M UTC")
    if run.state == "COMPLETED":
        return Finding(subject, f"the last one completed at {when}")
    text = f"the last one ended as {run.name or run.state} at {when}: {quoted(run.message, LONGEST_TEXT)}"
    return warning(subject, text, "see the run on Prefect's pages, mend that, and start gatecast retrain")
