"""Retraining: the Prefect flow, its schedule and its server."""
