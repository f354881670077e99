"""What both sides agree on: the shape of a forecast, the columns that data travels in, times, and the grid."""
