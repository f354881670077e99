"""What a device can do: a stand-in for the broker, and the agent itself with a watch on each of its stages."""
