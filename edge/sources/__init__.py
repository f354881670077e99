"""`[[history]]`: readings in a database of the user's own, read in its own schema and never written."""
