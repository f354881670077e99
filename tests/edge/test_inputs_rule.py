"""Inputs are told apart by their names, which stores take as they are."""

from pathlib import Path

import pytest

from edge.config.reading import read_config
from edge.contract.contract import MOST_KNOWN
from edge.errors import ConfigurationError
from edge.inputs.rule import InputRule, check_inputs


def test_inputs_are_read_from_their_sections(tmp_path: Path) -> None:
    """Each `[[input]]` is one."""
    path = tmp_path / "gatecast.toml"
    path.write_text('[[input]]\nname = "price"\nunit = "ct/kWh"\nfile = "price.csv"\n\n[[input]]\nname = "outdoor"\n')
    assert read_config(path).input == (InputRule(name="price", unit="ct/kWh", file="price.csv"), InputRule(name="outdoor"))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "b", "a"], r"\[\[input\]\] number 3, name 'a': there is one of this name before"),
        (["a "], r"\[\[input\]\] name 'a ': expected at most 120 characters that can be printed"),
        (["a\nb"], "that can be printed"),
        (["x" * 121], "at most 120 characters"),
        ([str(number) for number in range(MOST_KNOWN + 1)], f"at most {MOST_KNOWN} sections"),
    ],
)
def test_names_that_no_store_takes_are_refused(names: list[str], said: str) -> None:
    """The section is named, and what to write."""
    with pytest.raises(ConfigurationError, match=said):
        check_inputs([InputRule(name=name) for name in names])
