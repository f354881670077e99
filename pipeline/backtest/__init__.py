"""Backtests: forecasters side by side over one part of the history."""
