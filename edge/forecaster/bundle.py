"""A bundle: one folder `<version>/` with manifest.json and model.tflite, and nothing that could be code.

A baseline bundle has a manifest only. It is released when no network beats the baselines, so that the device still gets
a contract and a forecaster. A runtime opens a model file only after its size and hash were checked, because a crafted
file can corrupt memory.
"""

import hashlib
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from edge.errors import BundleError
from edge.files import sync_folder, write_synced
from edge.forecaster.manifest import (
    MANIFEST_FILE,
    MANIFEST_LIMIT,
    MODEL_FILE,
    MODEL_LIMIT,
    Manifest,
    decode_manifest,
    encode_manifest,
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest and the model that it describes.

    Args:
        manifest: manifest that was checked against the model.
        model: TFLite file, or None in a baseline bundle.

    Raises:
        BundleError: the two do not belong together.
    """

    manifest: Manifest
    model: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse a model that the manifest does not describe."""
        verify(self.manifest, self.model)


def verify(manifest: Manifest, model: bytes | None) -> None:
    """Check that the manifest describes this model; nothing opens the model before.

    Raises:
        BundleError: the model is missing, is not expected, or has another size or hash.
    """
    expected = manifest.model
    if expected is None or model is None:
        if expected is not None or model is not None:
            raise BundleError(
                f"expected {'a' if expected else 'no'} model in {manifest.version}; got {'one' if model else 'none'}"
            )
        return
    if len(model) != expected.size:
        raise BundleError(f"expected a model of {expected.size} bytes; got {len(model)}")
    sha256 = hashlib.sha256(model).hexdigest()
    if sha256 != expected.sha256:
        raise BundleError(f"expected a model with SHA-256 {expected.sha256}; got {sha256}")


def write_bundle(parent: Path, bundle: Bundle) -> Path:
    """Write the bundle as `parent/<version>/`, whole or not at all.

    The folder has a name that starts with a dot until it is complete. If the same bundle is there already, it stays as it is.

    Returns:
        The folder.

    Raises:
        BundleError: another bundle of that version is there, or the manifest is not valid.
    """
    manifest = encode_manifest(bundle.manifest)
    folder = parent / bundle.manifest.version
    if folder.exists():
        return _already_there(folder, bundle)
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = parent / f".{bundle.manifest.version}.{secrets.token_hex(4)}"
    unfinished.mkdir()
    try:
        if bundle.model is not None:
            write_synced(unfinished / MODEL_FILE, bundle.model)
        write_synced(unfinished / MANIFEST_FILE, manifest)
        sync_folder(unfinished)
        unfinished.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        return _already_there(folder, bundle)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    sync_folder(parent)
    return folder


def _already_there(folder: Path, bundle: Bundle) -> Path:
    if read_bundle(folder) != bundle:
        raise BundleError(f"expected no bundle or the same one in {folder}; got another one of that version")
    return folder


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle; sizes are checked before anything is read, the hash before anything can be opened.

    Raises:
        BundleError: missing, too large, malformed, or not what its manifest says.
    """
    manifest = decode_manifest(_read(folder / MANIFEST_FILE, MANIFEST_LIMIT))
    if manifest.model is None:
        return Bundle(manifest)
    return Bundle(manifest, _read(folder / MODEL_FILE, MODEL_LIMIT, manifest.model.size))


def _read(path: Path, limit: int, size: int | None = None) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"expected a file at {path}; got something else")
        if status.st_size > limit or (size is not None and status.st_size != size):
            expected = f"at most {limit}" if size is None else str(size)
            raise BundleError(f"expected {expected} bytes in {path}; got {status.st_size}")
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
