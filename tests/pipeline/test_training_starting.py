"""The process that converts the starter says in one line what it cannot do."""

from pathlib import Path

import numpy as np
import pytest

from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.errors import BundleError
from pipeline.training.architecture import Architecture
from pipeline.training.starting import convert_starter


@pytest.mark.training
def test_a_network_without_a_starter_is_refused(tmp_path: Path) -> None:
    """The error of the process is raised here again; tests/pipeline/test_release_starter.py has the networks that fit."""
    contract = Contract(DAY // 24, 168, 24)
    with pytest.raises(BundleError, match="a network that a starter fits"):
        convert_starter(Architecture(units=5), contract, np.zeros((1, 168)), tmp_path)
