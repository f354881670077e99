"""Order, retries, schedule and visibility: the Prefect flows and the `gatecast` command."""
