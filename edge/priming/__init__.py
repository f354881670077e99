"""History for windows that are empty: what is read of the store and of `[[history]]`, and the thread that reads it."""
