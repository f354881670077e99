"""Whether a device is ready: its configuration, its bundle, and the world outside."""
