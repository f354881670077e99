"""Prefect's own log lines and statistics, switched off before Prefect is loaded."""

import os

# The level of all loggers, of those that Prefect keeps to itself, and of the libraries below it.
LEVELS = ("PREFECT_LOGGING_LEVEL", "PREFECT_INTERNAL_LOGGING_LEVEL", "PREFECT_LOGGING_ROOT_LEVEL")


def keep_prefect_quiet() -> None:
    """Let a failed run be one line of ours, not a trace of calls. With PREFECT_LOGGING_LEVEL set, Prefect logs as usual."""
    if LEVELS[0] not in os.environ:
        os.environ.update(dict.fromkeys(LEVELS, "CRITICAL"))
    os.environ.setdefault("DO_NOT_TRACK", "1")
