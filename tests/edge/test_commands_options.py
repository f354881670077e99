"""Options that several commands have."""

import argparse
from pathlib import Path

from edge.commands.options import add_config


def test_the_configuration_is_looked_for_in_the_working_folder() -> None:
    """Unless another file is named."""
    parser = argparse.ArgumentParser()
    add_config(parser)
    assert parser.parse_args([]).config == Path("gatecast.toml")
    assert parser.parse_args(["--config", "other.toml"]).config == Path("other.toml")
