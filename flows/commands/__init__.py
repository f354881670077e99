"""The commands of `gatecast`, one file each."""
