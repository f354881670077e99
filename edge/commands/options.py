"""Options that several commands have."""

import argparse
from pathlib import Path

FILE_TEXT = "CSV: series,time,value, or time and one column per series; times in ISO 8601 (without a zone: UTC) or Unix time"


def add_config(command: argparse.ArgumentParser, text: str = "configuration") -> None:
    """Add `--config`.

    Args:
        command: parser of a command.
        text: noun for what the file is to the command, for its help.
    """
    command.add_argument(
        "--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help=f"{text}; default: gatecast.toml"
    )
