"""Training windows lose values as windows on the device do."""

import numpy as np

from edge.contract.ahead.known import Known
from edge.contract.clock import Clock
from edge.contract.contract import Contract
from pipeline.history.masking import forget, mask


def test_some_windows_lose_values_and_none_loses_all() -> None:
    """About the asked share of windows is thinned, by at most the asked share of values; nothing else changes."""
    windows = np.arange(400 * 50, dtype=np.float32).reshape(400, 50)
    masked = windows.copy()
    mask(masked, 0.5, 0.4, np.random.default_rng(1))
    lost = np.isnan(masked).mean(axis=1)
    assert 0.4 < (lost > 0).mean() < 0.55
    assert 0.3 < lost.max() <= 0.6  # places are drawn one by one
    kept = ~np.isnan(masked)
    np.testing.assert_array_equal(masked[kept], windows[kept])


def test_every_second_thinned_window_has_one_gap() -> None:
    """Sensors miss values here and there, or fall silent for a while: both are shown."""
    masked = np.ones((400, 50), np.float32)
    mask(masked, 1.0, 0.5, np.random.default_rng(1))
    gaps = (np.diff(np.isnan(masked).astype(int), axis=1, prepend=0) == 1).sum(axis=1)
    assert 0.4 < (gaps <= 1).mean() < 0.7
    assert (gaps > 3).mean() > 0.25


def test_a_window_keeps_a_value() -> None:
    """Where all values that a window has would go, it stays as it is."""
    windows = np.full((200, 4), np.nan, np.float32)
    windows[:, 2] = 7
    mask(windows, 1.0, 1.0, np.random.default_rng(1))
    assert (windows[:, 2] == 7).all()


def test_nothing_is_masked_where_nothing_is_asked_for() -> None:
    """A share of 0 leaves every window as it is."""
    windows = np.ones((10, 4), np.float32)
    mask(windows, 0.0, 0.5, np.random.default_rng(1))
    assert (windows == 1).all()


def test_inputs_are_forgotten_together_or_one_by_one_and_the_clock_never() -> None:
    """Half of the chosen windows lose the whole of an input, a quarter what comes after a lead, and a quarter its past."""
    contract = Contract(1, 4, 5, inputs=(Clock(), Known("a"), Known("b")))
    future = np.ones((6000, 5, len(contract.future)), np.float32)
    forget(future, contract, 0.4, np.random.default_rng(1))
    assert (future[:, :, :4] == 1).all()
    gone = (future[:, :, 4:] == 0).reshape(6000, 5, 2, 2, 2)  # leads, inputs, value or change, number or flag
    assert (gone[..., 0] == gone[..., 1]).all()  # a number goes with its flag
    value, change = gone[:, :, :, 0, 0], gone[:, :, :, 1, 0]
    assert (change | ~value).all()
    assert (np.diff(value.astype(int), axis=1) >= 0).all()  # what is lost is lost to the end
    touched = change[:, -1].any(axis=1)
    assert 0.37 < touched.mean() < 0.43
    assert 0.7 < change[touched, -1].all(axis=1).mean() < 0.8
    whole, late = value[touched].all(axis=1).any(axis=1), value[touched, -1].any(axis=1)
    assert 0.5 < whole.mean() < 0.6  # a lead in five is the first one
    assert 0.7 < late.mean() < 0.8


def test_nothing_is_drawn_where_no_input_can_be_forgotten() -> None:
    """A training without inputs draws the same numbers as before there were any."""
    random = np.random.default_rng(1)
    forget(np.ones((9, 5, 4), np.float32), Contract(1, 4, 5, inputs=(Clock(),)), 0.2, random)
    assert random.random() == np.random.default_rng(1).random()


def test_where_some_inputs_have_to_stay_no_window_loses_the_whole_of_all() -> None:
    """Each is lost by a throw of a coin then; all may still be lost from a lead on, and an input that is alone stays."""
    contract = Contract(1, 4, 5, inputs=(Clock(), Known("a"), Known("b"), Known("c")))
    future = np.ones((6000, 5, len(contract.future)), np.float32)
    forget(future, contract, 0.4, np.random.default_rng(1), some_stay=True)
    assert (future[:, :, :4] == 1).all()
    gone = (future[:, :, 4::4] == 0).reshape(6000, 5, 3)  # the values of three inputs
    assert not gone[:, 0].all(axis=1).any()
    whole = gone[:, 0].sum(axis=1)
    assert 0.12 < (whole == 2).mean() / (whole > 0).mean() < 0.4
    assert 0.05 < gone[:, -1].all(axis=1).mean() < 0.09  # a share of 0.4, a quarter of it from a lead on, three in four all
    alone = np.ones((900, 5, 4), np.float32)
    forget(alone, Contract(1, 4, 5, inputs=(Known("a"),)), 1.0, np.random.default_rng(1), some_stay=True)
    assert (alone[:, 0, 0] == 1).all()
    assert (alone[:, -1, 0] == 0).mean() == 0.25
