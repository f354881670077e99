"""Sparkplug B: `reader.py` is the format, and the others are what it is made of."""
