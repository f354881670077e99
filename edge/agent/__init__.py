"""The agent: the loop on the device, and what it says of itself."""
