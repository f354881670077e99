"""Networks and cells side by side: the work of `gatecast compare`."""
