"""The commands of `gatecast-agent`, one file each."""
