"""The demo's working folder."""

import shutil
from pathlib import Path

from edge.errors import ConfigurationError

MARK = ".gatecast-demo"


def prepare_folder(folder: Path) -> Path:
    """An empty working folder; what an earlier demo left there is removed, anything else is refused.

    Raises:
        ConfigurationError: the folder holds something a demo did not make, cannot be written, or has a name that
            Prefect's database or a configuration file cannot hold.
    """
    wrong = next((letter for letter in str(folder.resolve()) if letter == "?" or not letter.isprintable()), None)
    if wrong is not None:
        raise ConfigurationError(f"a folder with {wrong!r} in its name is not possible; choose another --folder")
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).is_file():
                raise ConfigurationError(f"{folder} is not empty and not a demo's; choose another one with --folder")
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as error:
        raise ConfigurationError(f"cannot write {folder}: {error.strerror}; choose another one with --folder") from error
    return folder.resolve()
