"""One file per shell: the script for it."""
