"""Networks of all cells are measured on the same facts."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.forecaster.model import Model
from pipeline.cells.comparison import Trained, budget, measure, tutorial_contract
from pipeline.history.prepared import prepare
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, skills_by_lead
from pipeline.judging.metrics import mean_skill
from pipeline.judging.trial import trial
from pipeline.training.architecture import Architecture
from tests.support import tiny
from tests.support.compared import MEMORIES


def test_tutorial_looks_back_ten_steps_on_the_same_forecasts() -> None:
    """Only window and quantiles differ, and a shorter window stays."""
    contract = Contract(interval=60, window=96, horizon=24)
    assert tutorial_contract(contract) == Contract(interval=60, window=10, horizon=24, quantiles=(0.5,))
    assert tutorial_contract(replace(contract, window=4)).window == 4


@pytest.mark.training
def test_skill_is_that_of_the_verdict() -> None:
    """The comparison and a retraining say the same of one network on one history, over all leads and at each."""
    values = tiny.sines()
    series, time = np.repeat(np.arange(3, dtype=np.int32), 200), np.tile(np.arange(200) * tiny.CONTRACT.interval, 3)
    prepared = prepare(SeriesTable(tiny.SERIES), Readings(series, time, values.ravel().astype(np.float64)), tiny.CONTRACT)
    bundle, table = tiny.bundle(Architecture()), prepared.table
    trained = Trained("gru", "segment", bundle, 7, 1.0)
    (row,) = measure(prepared, [trained], MEMORIES, budget("usual"), lambda: 0.0).rows
    network = contender(Model(bundle), table.names, bundle.manifest.series)
    judged = trial(network, None, Facts(table, tiny.CONTRACT, prepared.split.held_out, prepared.scale))
    assert row.skill == judged.verdict.skill
    assert row.coverage == judged.verdict.coverage
    assert row.skill_by_lead.tolist() == [mean_skill(lead) for lead in skills_by_lead(judged.candidate, judged.baselines).T]
