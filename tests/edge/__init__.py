"""Tests of the device; they run where no trainer is installed."""
