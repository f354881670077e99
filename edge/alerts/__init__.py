"""`[[alert]]`: what forecasts mean for people who act on them."""
