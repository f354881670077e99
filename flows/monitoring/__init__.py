"""Monitoring: the live error beside that of the backtest, and what follows where it is worse."""
