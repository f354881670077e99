"""What a store is like, for `gatecast store check`: a row is written, read and deleted, and the store tells of itself."""
