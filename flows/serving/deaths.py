"""The row of a run whose process died: it could write none itself, and an alarm that reads the newest row would stay quiet."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.config.reading import read_config
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from flows.retraining.record import Record, write_record
from flows.serving.deployment import Run

EPOCH = datetime.fromtimestamp(0, UTC)


def write_death(run: Run, config_path: Path, fleet: str, say: Callable[[str], None]) -> None:
    """Write the row of a training that died; doing it again changes nothing.

    Args:
        run: run that crashed.
        config_path: path of `gatecast.toml`.
        fleet: name of the fleet.
        say: function that gets a line where the store does not take the row.
    """
    try:
        config = read_config(config_path)
    except ConfigurationError:  # somebody is editing it; the runs say so
        return
    record = Record(fleet, run.cause, bool(run.parameters.get("release", True)), began=time.monotonic() - run.seconds)
    record.failure = run.message.partition("\n")[0] or "its process died"
    write_record(config, record, say, (run.since - EPOCH) // timedelta(microseconds=1) * (SECOND // 1_000_000))
