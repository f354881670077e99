"""Output: results of a command, as text for a person or as JSON for a program."""
