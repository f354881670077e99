"""Networks are averaged, mixed with simple forecasts by the validation part, and calibrated there."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.ahead.known import Known
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from pipeline.history.windows import Samples
from pipeline.mixture.calibration import Calibration
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, build, forecast, parameters, restore
from pipeline.training.fit import fit, fit_members
from pipeline.training.mixing import as_dense, before, mix
from pipeline.training.settings import Fit, Record, Settings
from tests.support import tiny

ARCHITECTURE = Architecture(units=8)
SETTINGS = Settings(epochs=12, windows=512, batch=64, learning_rate=0.02, averaging=0.9)
RECORD = Record(0.0, 0, 0, (), (), 0, 0)


@pytest.mark.training
@pytest.mark.slow
def test_members_are_averaged_in_one_graph() -> None:
    """Members come from seeds of their own; the graph forecasts the mean of their medians."""
    settings = Settings(epochs=1, windows=256, batch=64, members=2)
    training, validation = tiny.samples(21, 150), tiny.samples(150, 194)
    trained = fit_members(ARCHITECTURE, tiny.CONTRACT, training, validation, settings)
    alone = fit(ARCHITECTURE, tiny.CONTRACT, training, validation, replace(settings, members=1, seed=1))
    for one, other in zip(trained.members[1], alone.members[0], strict=True):
        np.testing.assert_array_equal(one, other)
    whole = mix(ARCHITECTURE, tiny.CONTRACT, trained, training, validation, settings)
    windows, series = tiny.windows(8)
    each = [forecast(restore(ARCHITECTURE, tiny.CONTRACT, 3, one), windows, series)[:, :, 1] for one in trained.members]
    plain = assemble(whole.networks, Calibration.of(tiny.CONTRACT, 3))
    np.testing.assert_allclose(forecast(plain, windows, series)[:, :, 1], np.mean(each, axis=0), rtol=1e-5)
    assert trained.record.parameters == parameters(whole)


def test_the_newest_of_the_training_part_fills_up_four_weeks() -> None:
    """A validation part of two days of origins leaves 25 days to hours of origins before it; one of four weeks leaves none."""
    contract = Contract(interval=3600 * SECOND, window=168, horizon=24)
    values, hours = np.zeros((2, 2000)), np.arange(168, 1500)
    training = Samples(values, np.repeat(np.arange(2, dtype=np.int32), len(hours)), np.tile(hours, 2))

    def earlier(first: int, last: int) -> Samples:
        origin = np.arange(first, last + 1)
        return before(training, Samples(values, np.zeros(len(origin), np.int32), origin), contract)

    left = earlier(1524, 1572)
    assert sorted(set(left.origin.tolist())) == list(range(1500 - (28 * 24 - 48 - 24), 1500))
    assert left.series.tolist() == [0] * 600 + [1] * 600
    assert len(earlier(1524, 1524 + 27 * 24)) == 0
    assert len(earlier(1524, 1990)) == 2 * (28 * 24 - 466 - 24)


@pytest.mark.parametrize(
    ("judged", "most", "few", "some"), [(98, 2_000, 98, 1_300), (98, 650, 49, 650), (49, 2_000, 49, 650), (98, 1, 1, 1)]
)
def test_a_day_before_the_validation_part_weighs_as_much_as_one_of_it(judged: int, most: int, few: int, some: int) -> None:
    """Of 98 windows of two days and 1,300 of 26: where fewer of the earlier ones can be forecast, fewer of the newest count."""
    assert as_dense(judged, 98, 1_300, most) == (few, some)


@pytest.mark.training
def test_few_days_of_rest_do_not_decide_on_the_weights_alone() -> None:
    """A series rests on the only two days of the validation part: what four weeks before it say keeps the last value small."""
    contract = Contract(interval=3600 * SECOND, window=168, horizon=24)
    architecture, hours = Architecture(), np.arange(40 * 24)
    values = np.stack([np.sin(hours * np.pi / 12), 10 * np.cos(hours * np.pi / 12)])
    values[:, -72:] = values[:, [-73]]
    series = np.arange(2, dtype=np.int32)
    parts = np.arange(168, 840), np.arange(40 * 24 - 72, 40 * 24 - 23)
    training, validation = (Samples(values, np.repeat(series, len(part)), np.tile(part, 2)) for part in parts)
    network = build(architecture, contract, np.array([0.7, 7.0]))
    fit = Fit([network.get_weights()], Record(0.0, 0, 0, (), (), 0, 0))
    alone, starter = (
        mix(architecture, contract, fit, training, validation, replace(SETTINGS, starter=share)).calibration.weights[1:, 2]
        for share in (0.0, 1.0)
    )
    assert (alone >= 0.9).all()
    assert (starter <= 0.5).all()
    told = replace(contract, inputs=(Known("wind"),))
    networks = Fit([build(architecture, told, np.array([0.7, 7.0])).get_weights()], fit.record, fit.members)
    calibration = mix(architecture, told, networks, training, validation, replace(SETTINGS, starter=1.0)).calibration
    assert calibration.untold is not None
    np.testing.assert_array_equal(calibration.untold[0][1:, 2], starter)  # as without inputs
    assert (calibration.weights[1:, 2] >= 0.9).all()  # no starter knows what such a network is told


@pytest.mark.training
def test_an_untrained_network_leaves_the_forecast_to_what_is_simple() -> None:
    """Where every day is as the one before, the linear forecast and the days say it all; of unknown series, a part."""
    contract = Contract(interval=6 * 3600 * SECOND, window=14, horizon=6)
    days = np.tile([3.0, 7.0, 5.0, 4.0], 60)[None] * np.array([[1.0], [10.0], [100.0]])
    origin = np.tile(np.arange(14, 100), 3), np.tile(np.arange(106, 234), 3)
    training, validation = (Samples(days, np.repeat(np.arange(3, dtype=np.int32), len(one) // 3), one) for one in origin)
    weights = tiny.network(ARCHITECTURE, contract).get_weights()
    found = mix(ARCHITECTURE, contract, Fit([weights], Record(0.0, 0, 0, (), (), 0, 0)), training, validation, SETTINGS)
    np.testing.assert_allclose(found.calibration.weights[1:, :2].sum(axis=1), 1)
    assert 0 < found.calibration.weights[0, :2].sum() <= 1
    windows, series = validation.windows(slice(0, 5), contract), np.array([2, 3, 3, 2, 3], np.int32)  # in units of the series
    np.testing.assert_allclose(forecast(found, windows, series)[:, :, 1], validation.targets(slice(0, 5), contract), rtol=1e-3)
