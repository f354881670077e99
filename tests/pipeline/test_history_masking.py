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


def test_inputs_are_forgotten_each_by_itself_and_the_clock_never() -> None:
    """A share of the windows loses an input: a third of them the whole of it, a third from a lead on, and a third its past."""
    contract = Contract(1, 4, 5, inputs=(Clock(), Known("a"), Known("b")))
    future = np.ones((6000, 5, len(contract.future)), np.float32)
    forget(future, contract, 0.3, np.random.default_rng(1))
    assert (future[:, :, :4] == 1).all()
    first, second = future[:, :, 4:8], future[:, :, 8:]
    for each in (first, second):
        value, change = ((each[:, :, part : part + 2] == 0).all(axis=2) for part in (0, 2))
        assert ((each == 0).sum(axis=2) % 2 == 0).all()  # a number goes with its flag
        assert (change | ~value).all()
        assert (np.diff(value.astype(int), axis=1) >= 0).all()  # what is lost is lost to the end
        assert 0.18 < value[:, -1].mean() < 0.22
        assert 0.27 < change[:, -1].mean() < 0.33
        assert 0.55 < value[value[:, -1], 0].mean() < 0.65  # a lead in five is the first one
    both = (first[:, -1, 2] == 0) & (second[:, -1, 2] == 0)
    assert 0.06 < both.mean() < 0.12


def test_nothing_is_drawn_where_no_input_can_be_forgotten() -> None:
    """A training without inputs draws the same numbers as before there were any."""
    random = np.random.default_rng(1)
    forget(np.ones((9, 5, 4), np.float32), Contract(1, 4, 5, inputs=(Clock(),)), 0.2, random)
    assert random.random() == np.random.default_rng(1).random()
