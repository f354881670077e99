"""Series: readings in, closed windows, forecasts and scores out. No I/O."""
