"""What several commands are told in the same words: files, moments, and where the history comes from."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import ConfigurationError, HistoryError, PayloadError

if TYPE_CHECKING:
    from edge.config import Config, Fleet
    from pipeline.history.prepared import Prepared


def check_written(option: str, path: Path | None) -> None:
    """Refuse at once a file that could not be written after minutes.

    Raises:
        ConfigurationError: it would lie in no folder, or there is a folder of that name.
    """
    if path is not None and not path.resolve().parent.is_dir():
        raise ConfigurationError(f"{option} {path}: there is no such folder")
    if path is not None and path.is_dir():
        raise ConfigurationError(f"{option} {path}: that is a folder; name a file")


def check_data(path: Path | None) -> None:
    """Refuse a history that is not there.

    Raises:
        ConfigurationError: there is no such file.
    """
    if path is not None and not path.is_file():
        raise ConfigurationError(f"--data {path}: there is no such file; give a CSV or Parquet file")


def moment(option: str, text: str | None) -> int | None:
    """A time that an option names, ns UTC; None where it is not given.

    Raises:
        ConfigurationError: it cannot be read.
    """
    from edge.contract.times import parse_time  # noqa: PLC0415

    try:
        return parse_time(text) if text else None
    except PayloadError as error:
        raise ConfigurationError(f"{option}: {error}") from error


def history(data: Path | None, config: "Config", fleet: "Fleet", folder: Path, stop: int | None = None) -> "Prepared":
    """The readings of a file, or else of the configured store, before a moment.

    Args:
        data: file; None reads the store.
        config: has the store.
        fleet: the contract it asks for.
        folder: where a large table becomes a file; it has to outlast the result.
        stop: ns UTC.

    Raises:
        GatecastError: it cannot be read or trained on; one line that says what to do.
    """
    from edge.contract.times import iso  # noqa: PLC0415
    from edge.stores.store import open_store  # noqa: PLC0415
    from pipeline.history.defaults import derive_contract  # noqa: PLC0415
    from pipeline.history.from_files import read_file  # noqa: PLC0415
    from pipeline.history.from_store import read_history  # noqa: PLC0415
    from pipeline.history.prepared import prepare, prepare_history  # noqa: PLC0415

    if data is not None:
        series, readings = read_file(data)
        if stop is not None:
            readings = readings.take(readings.time < stop)
            if not len(readings):
                raise HistoryError(f"{data} has no readings before {iso(stop)}; choose a later end")
        return prepare(series, readings, derive_contract(fleet, readings))
    store = open_store(config.store.url, config.store.token_file)
    try:
        return prepare_history(read_history(store, fleet, folder, stop=stop))
    finally:
        store.close()
