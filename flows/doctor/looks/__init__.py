"""What `gatecast doctor` looks at beside what a device looks at: one file each."""
