"""Serving: which flows run, when, and what becomes of their runs."""
