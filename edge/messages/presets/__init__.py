"""What kinds of devices publish, as rules."""
