"""The retraining flow on a schedule."""

from pathlib import Path

from edge.config import read_config
from edge.errors import ConfigurationError
from flows.retrain import retrain


def serve(config_path: Path) -> None:
    """Retrain by the cron of the configuration until stopped, one run at a time.

    Raises:
        ConfigurationError: the cron is not one.
    """
    config = read_config(config_path)
    try:
        retrain.serve(
            name="gatecast",
            cron=config.schedule.cron,
            limit=1,
            parameters={"config_path": str(config_path.resolve())},
            description="Retrain on the store's history and release what beats the baselines and the champion.",
        )
    except ValueError as error:
        raise ConfigurationError(f"[schedule] cron {config.schedule.cron!r}: {error}") from error
