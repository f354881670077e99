"""Many fleets by one command: which they are, their runs, and what became of each."""
