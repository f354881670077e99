"""Training windows lose values as windows on the device do."""

import numpy as np

from pipeline.history.masking import mask


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
