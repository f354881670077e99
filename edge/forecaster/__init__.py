"""Forecasters: baselines, and the trained model with its bundle."""
