"""The folders that the agent writes to: room, whether they can be written, and how long a commit waits for the disk."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from edge.checks.finding import Finding, of_error, warning, wrong
from edge.config.sections import Config
from edge.stores.address import Address as StoreAddress

TRIES = 3  # the quickest counts
CONTENT = bytes(4096)
LEAST = 64 << 20  # bytes without which nothing goes on
SLOW = 0.5  # seconds of a commit
STORE_ROOM = 1 << 30  # bytes that a file of rows should find


def check_disk(config: Config, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> list[Finding]:
    """Whether spool and store have room, and can be written; nothing is left there.

    Args:
        config: configuration.
        free: function that gives the free bytes of the disk that a folder lies on.
    """
    state = Path(config.agent.state)
    wanted = config.agent.spool_limit << 20
    needs = [(f"{state} (spool, bundles)", state, wanted, "make room there, lower [agent] spool_limit")]
    if config.store.url.startswith("sqlite:"):
        folder = Path(StoreAddress.parse(config.store.url).path[1:]).parent
        needs.append((f"{folder} (store)", folder, STORE_ROOM, "make room there, set [store] keep"))
    return [look_at_folder(name, folder, least, advice, free) for name, folder, least, advice in needs]


def look_at_folder(name: str, wanted: Path, least: int, advice: str, free: Callable[[Path], int]) -> Finding:
    """Whether a folder, which need not be there yet, has room and can be written.

    Args:
        name: words for the folder.
        wanted: path of the folder.
        least: bytes that may be needed there.
        advice: two steps for the user where there is less, the first of which helps in any case.
        free: function that gives the free bytes of the disk that a folder lies on.
    """
    folder = wanted.resolve()
    while not folder.exists():
        folder = folder.parent
    try:
        seconds, room = _synced(folder), free(folder)
    except OSError as error:
        error.filename = str(folder)
        return of_error("disk", error, "let this account write there, or choose another folder")
    text = f"{name}: {room / 1e9:,.1f} GB free, a commit waits {1000 * seconds:,.1f} ms for the disk"
    if room < LEAST:
        return wrong("disk", text, advice.partition(", ")[0])
    if room < least:
        return warning("disk", f"{text}; {least / 1e9:,.1f} GB may be needed", advice.replace(", ", ", or "))
    if seconds > SLOW:
        return warning("disk", text, 'choose a quicker disk, or set [agent] commit = "10s" to commit less often')
    return Finding("disk", text)


def _synced(folder: Path) -> float:
    """Seconds until a page is on the disk; the file has no name, and is gone however this ends."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(TRIES):
            start = time.monotonic()
            file.write(CONTENT)
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.monotonic() - start)
    return min(taken)
