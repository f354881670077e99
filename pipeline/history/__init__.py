"""History: readings from files or a store, checked, on the grid, cut into windows."""
