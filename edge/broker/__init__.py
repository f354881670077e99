"""The connection with the broker: what it sends, and what is acknowledged."""
