"""Forecasts out: to the broker, for people, rules and Home Assistant."""
