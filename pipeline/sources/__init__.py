"""`[[history]]` for the trainer: what a device reads, and the databases and folders that it cannot."""
