"""The agent that forecasts next to the sensors, and everything it shares with the trainer."""
