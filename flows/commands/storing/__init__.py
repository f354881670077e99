"""`gatecast store`: whether the store is ready, and an SQLite file written anew."""
