"""Tests of the whole: the documentation, the house rules, the way from history to stored forecasts."""
