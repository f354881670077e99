"""The files that Grafana reads, as texts."""

import json
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from as_code.alerts import alerting
from as_code.board import UIDS
from as_code.boards.alerts import alerts
from as_code.boards.fleet import fleet
from as_code.boards.forecast import forecast
from as_code.boards.quality import quality
from as_code.boards.retraining import retraining
from as_code.limits import Limits, read

GRAFANA = Path(__file__).parents[1]
ALERTS = "provisioning/alerting/gatecast.yaml"
HEAD = "# Written by `make dashboards` from deploy/grafana/limits.toml and deploy/grafana/as_code: change those.\n"


def boards() -> dict[str, Dashboard]:
    """The dashboards by their names."""
    builders = {"forecast": forecast, "alerts": alerts, "quality": quality, "fleet": fleet, "retraining": retraining}
    return {name: builders[name]().build() for name in UIDS}


def panels(made: dict[str, Dashboard]) -> dict[tuple[str, str], int]:
    """Name of a dashboard and title of a panel to the panel's id."""
    found: dict[tuple[str, str], int] = {}
    for name, dashboard in made.items():
        for panel in dashboard.panels or []:
            for inner in [panel, *getattr(panel, "panels", [])]:
                found[name, inner.title or ""] = inner.id_val or 0
    return found


def written(limits: Limits | None = None) -> dict[str, str]:
    """Every generated file, its path below `deploy/grafana` to its text.

    Args:
        limits: numbers of the alert rules; None for those of `limits.toml`.
    """
    made = boards()
    texts = {
        f"dashboards/{name}.json": json.dumps(board, cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for name, board in made.items()
    }
    rules = alerting(limits or read(GRAFANA / "limits.toml"), panels(made))
    plain = json.loads(json.dumps(rules, cls=JSONEncoder))
    return texts | {ALERTS: HEAD + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=1000)}
