"""The configuration: what its sections hold, and how a file is read into them."""
