"""A file is replaced whole or not at all, and what the device keeps is for its own user alone."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from edge.errors import ConfigurationError

Content = TypeVar("Content")
OTHERS = 0o077  # permissions of the group and of everybody else


def keep_private(folder: Path) -> None:
    """Let nobody but our own user read what this process makes from now on, and what lies in a folder of ours already.

    Args:
        folder: folder of ours; it may be missing.
    """
    os.umask(OTHERS)
    for path in folder.rglob("*"):
        with suppress(OSError):  # gone meanwhile, or of another user
            if not path.is_symlink() and (mode := path.stat().st_mode) & OTHERS:
                path.chmod(mode & ~OTHERS)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_json(path: Path, kind: type[Content]) -> Content | None:
    """What a JSON file of ours holds; None where it is missing, cannot be read, or is damaged in any way.

    Args:
        path: path of the file.
        kind: type of its content.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def read_secret(path: str, words: str, setting: str) -> str:
    """A password or token in a file, without the spaces around it.

    Args:
        path: path of the file.
        words: name of the file in a message, with its path.
        setting: setting that names it.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ConfigurationError(f"cannot read {words}: {reason}; check {setting}") from error


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file, and have it on the disk before returning."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk before returning."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
