"""Clocks: how far ours can be trusted, and which intervals it may close."""
