"""Processes of a test, found by a mark in their environment, so that none is left behind unseen."""

from contextlib import suppress
from pathlib import Path


def carrying(mark: str) -> list[str]:
    """The command lines of all processes that have the mark in their environment; dead ones have none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found
