"""Fixtures of the device's tests."""

from pathlib import Path

import pytest

from tests.support.ready_device import Device


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """A device that is ready."""
    return Device(tmp_path)
