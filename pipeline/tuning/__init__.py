"""Tuning: what a network for this history should be made of."""
