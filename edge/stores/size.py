"""How large an SQLite file is, read from its first bytes: nothing is locked, and a file that is damaged has a size too."""

from dataclasses import dataclass
from pathlib import Path

MAGIC = b"SQLite format 3\0"
HEADER = 100  # bytes
LARGEST_PAGE = 65_536  # written as 1


@dataclass(frozen=True, slots=True)
class Size:
    """Room that a file takes on the disk.

    Args:
        file: bytes of the file.
        log: bytes of its `-wal`.
        free: bytes of its pages without rows, which the next rows take.
        shrinks: whether it can give such pages back to the disk (`auto_vacuum`).
    """

    file: int
    log: int
    free: int
    shrinks: bool

    @property
    def total(self) -> int:
        """Bytes of the file and its log."""
        return self.file + self.log

    @property
    def words(self) -> str:
        """The size for people."""
        file, log, free = (f"{size / 1e6:,.1f} MB" for size in (self.file, self.log, self.free))
        return f"file {file}, its log {log}, free pages {free}"


def read_size(path: Path) -> Size | None:
    """The size of a file; None where there is none, or none that can be read."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER)
        size = path.stat().st_size
    except OSError:
        return None
    log = path.with_name(f"{path.name}-wal")
    try:
        logged = log.stat().st_size
    except OSError:
        logged = 0
    if len(header) < HEADER or not header.startswith(MAGIC):
        return Size(size, logged, 0, shrinks=False)
    page = int.from_bytes(header[16:18])
    free = int.from_bytes(header[36:40]) * (LARGEST_PAGE if page == 1 else page)
    return Size(size, logged, min(free, size), shrinks=any(header[52:56]))
