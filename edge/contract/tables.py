"""The words of tables of readings: names of time columns, and what stands for a missing value."""

MISSING = ("", "-", "na", "n/a", "nan", "null", "none", "unavailable", "unknown")  # the last two are Home Assistant's
TIME_NAMES = ("time", "timestamp", "datetime", "date", "ts", "_time")
