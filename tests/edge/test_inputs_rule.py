"""Inputs are told apart by their names, which stores take as they are."""

from pathlib import Path

import pytest

from edge.config.reading import read_config
from edge.contract.contract import MOST_KNOWN
from edge.contract.times import DAY
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


def test_a_value_may_hold_until_another_one_comes() -> None:
    """For a day where nothing is said, by the same two keys as those of `[[ingest]]`."""
    assert InputRule(name="a").held == 0
    assert InputRule(name="a", fill="none").held == 0
    assert InputRule(name="a", fill="hold").held == DAY
    assert InputRule(name="a", fill="hold", hold="30d").held == 30 * DAY


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (InputRule(name="a", hold="1d"), r"\[\[input\]\] name 'a': hold counts with fill = \"hold\" only"),
        (InputRule(name="a", fill="hold", hold="long"), r"\[\[input\]\] name 'a': hold: "),
    ],
)
def test_a_hold_that_is_none_is_refused(rule: InputRule, said: str) -> None:
    """With the section, and what to write."""
    with pytest.raises(ConfigurationError, match=said):
        check_inputs([rule])
