"""Files of readings, of any of the usual kinds and of any length, into memory or into the store."""
