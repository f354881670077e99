"""What a shell offers after Tab: scripts that are written from the commands and options themselves.

A script needs no package on the device, and starts no program while somebody types.
"""
