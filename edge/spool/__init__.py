"""The spool: what must still reach the store, on disk until the store has it."""
