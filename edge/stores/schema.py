"""The type of every number that is stored: a store keeps the type of a field's first row, and refuses rows of another."""

# Whole numbers; all other numbers are floats, whatever array they come in. In `agent` it is what most agents wrote before there
# was this table, so that their buckets go on taking the rows: counts are whole, the sums `forecasts` and `dropped` are not.
WHOLE = frozenset({"origin", "lead", "readings", "backlog", "skipped", "late", "duplicates"})
