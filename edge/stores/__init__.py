"""Stores: where readings, forecasts and scores end up, and where history comes from."""
