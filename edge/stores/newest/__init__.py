"""What a store holds of each series now: its newest reading, its newest forecast, and how good the last ones were."""
