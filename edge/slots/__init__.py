"""Places in the table of series: what becomes of a series that has none."""
