"""Names of fleets on a Prefect server that they share."""

from pathlib import Path

import msgspec
import pytest

from edge.config.sections import Config
from flows.retraining.fleet import fleet_name


def named(**changes: str) -> Config:
    """A configuration with another registry or name."""
    config = Config()
    registry = msgspec.structs.replace(config.registry, path=changes.get("path", "registry"))
    return msgspec.structs.replace(
        config, registry=registry, schedule=msgspec.structs.replace(config.schedule, name=changes.get("name"))
    )


def test_two_fleets_have_two_names_and_one_keeps_its_own(tmp_path: Path) -> None:
    """Folder, file and registry tell them apart; the folder can be read in the name."""
    one = fleet_name(tmp_path / "Haus Nr. 7" / "gatecast.toml", named())
    assert one == fleet_name(tmp_path / "else" / ".." / "Haus Nr. 7" / "gatecast.toml", named())
    assert one.startswith("haus-nr-7-")
    others = {
        fleet_name(tmp_path / "b" / "Haus Nr. 7" / "gatecast.toml", named()),
        fleet_name(tmp_path / "Haus Nr. 7" / "other.toml", named()),
        fleet_name(tmp_path / "Haus Nr. 7" / "gatecast.toml", named(path="other")),
    }
    assert len(others | {one}) == 4


@pytest.mark.parametrize(
    ("name", "expected"), [("Mill 3", "mill-3"), ("mill_3", "mill-3"), ("a" * 99, "a" * 40), ("…", "fleet")]
)
def test_a_configured_name_is_taken_as_far_as_prefect_can(name: str, expected: str, tmp_path: Path) -> None:
    """a-z, 0-9 and -, which keys of artifacts allow."""
    assert fleet_name(tmp_path / "gatecast.toml", named(name=name)) == expected
