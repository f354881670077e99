"""Tests of flows and commands."""
