"""Releases: which bundle is live, and how the next one arrives."""
