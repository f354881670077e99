"""Options that several commands have."""

import argparse
from pathlib import Path

FILE_TEXT = "CSV: series,time,value, or time and one column per series; times in ISO 8601 (without a zone: UTC) or Unix time"


def add_config(command: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    command.add_argument(
        "--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help="configuration; default: gatecast.toml"
    )
