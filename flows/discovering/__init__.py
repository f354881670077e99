"""Listening to a broker: the work of `gatecast discover`."""
