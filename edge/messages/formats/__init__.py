"""Payload formats: bytes in, time and value out. One file per format, and `table.py` lists them."""
