"""The retraining flow on a schedule."""

from pathlib import Path

from prefect.schedules import Cron

from edge.config import read_config
from edge.errors import ConfigurationError
from flows.retrain import retrain
from flows.server import reachable_server


def serve(config_path: Path) -> None:
    """Retrain by the cron of the configuration until stopped, one run at a time.

    Raises:
        ConfigurationError: the cron is not one.
        GatecastError: Prefect's server does not answer.
    """
    config = read_config(config_path)
    try:
        schedule = Cron(config.schedule.cron)
    except ValueError as error:
        raise ConfigurationError(
            f"{config_path}: [schedule] cron {config.schedule.cron!r} is none; write five fields in UTC, such as '0 3 * * *'"
        ) from error
    with reachable_server():
        retrain.serve(
            name="gatecast",
            schedule=schedule,
            limit=1,
            parameters={"config_path": str(config_path.resolve())},
            description="Retrain on the store's history and release what beats the baselines and the champion.",
        )
