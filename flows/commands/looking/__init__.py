"""`gatecast series` and `gatecast forecast`: what the store holds, for a person who asks."""
