"""`gatecast doctor`: what the trainer needs, and what its devices need, in one table."""
