"""The commands that watch over a fleet: by a schedule, and once."""
