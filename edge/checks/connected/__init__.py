"""The world outside, really tried: broker, store, channel, disk, clock; nothing of it leaves a trace there."""
