"""How a file of readings is understood: its lines, columns, times and numbers. Rules without I/O, for every reader."""
