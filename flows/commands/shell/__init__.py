"""`gatecast completion`: what a shell offers after Tab."""
