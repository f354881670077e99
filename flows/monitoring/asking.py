"""A retraining because of drift: started by Prefect's server, which remembers that it was, whatever the store remembers."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound

from edge.contract.times import SECOND, parse_time
from flows.monitoring.outcome import Monitored

EVENT = "gatecast.drift"
TAG = "drift"  # of a run that a look has started


def asked(monitored: Monitored, config_path: str, deployment: str, cooldown: int) -> Monitored:
    """Start a retraining and tell it to everyone who listens, unless a look has started one within the cooldown.

    A store that takes no row, or loses it, would let every look start another one.

    Args:
        monitored: look that asks for a retraining.
        config_path: path of `gatecast.toml`.
        deployment: deployment that retrains, such as `retrain/process`.
        cooldown: time after a start in which there is no other one, ns.

    Returns:
        The look with what followed from it; nothing is raised where there is no deployment that retrains.
    """
    last = _last_started(deployment, monitored.time - cooldown, monitored.time + cooldown)
    if last is not None:
        return replace(monitored, rests_until=last + cooldown)
    return replace(monitored, raised=_start(monitored, config_path, deployment))


def _last_started(deployment: str, start: int, stop: int) -> int | None:
    """Time of the newest run of `[start, stop)` that a look has started, ns UTC; None where there is none."""
    chosen: dict[str, Any] = {
        "tags": {"all_": [TAG]},
        "expected_start_time": {"after_": _moment(start), "before_": _moment(stop)},
    }
    with get_client(sync_client=True) as client:
        try:
            identity = client.read_deployment_by_name(deployment).id
        except ObjectNotFound:
            return None
        request = {
            "deployments": {"id": {"any_": [str(identity)]}},
            "flow_runs": chosen,
            "sort": "EXPECTED_START_TIME_DESC",
            "limit": 1,
        }
        runs = client.request("POST", "/flow_runs/filter", json=request).json()
    return parse_time(runs[0]["expected_start_time"], "iso") if runs else None


def _start(monitored: Monitored, config_path: str, deployment: str) -> bool:
    """Start it; returns whether there is a deployment that retrains."""
    live = monitored.look
    if live is None:
        raise AssertionError("only a look asks for a retraining")
    emit_event(
        EVENT,
        resource={"prefect.resource.id": f"gatecast.fleet.{monitored.fleet}", "prefect.resource.name": monitored.fleet},
        payload={
            "model": monitored.model,
            "live_error": live.live_error,
            "expected_error": live.expected_error,
            "statistic": live.statistic,
        },
    )
    try:
        run_deployment(
            deployment,
            parameters={"config_path": config_path, "cause": "drift"},
            timeout=0,
            as_subflow=False,
            tags=[TAG],
            idempotency_key=f"drift-{monitored.model}-{monitored.time}",
        )
    except ObjectNotFound:
        return False
    return True


def _moment(time: int) -> str:
    return datetime.fromtimestamp(max(time, 0) / SECOND, UTC).isoformat()
