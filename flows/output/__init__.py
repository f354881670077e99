"""Output: what a person, or a program, is told at the end of a command."""
