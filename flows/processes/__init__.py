"""Processes that a command starts, waits for, and ends."""
