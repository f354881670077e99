"""A bundle is read whole and as it was written, or refused with a reason."""

import os
from pathlib import Path

import msgspec
import pytest

from edge.errors import BundleError
from edge.forecaster import bundle as bundles
from edge.forecaster.bundle import Bundle, read_bundle, verify, write_bundle
from edge.forecaster.manifest import (
    MANIFEST_LIMIT,
    MODEL_LIMIT,
)
from tests.edge.test_forecaster_manifest import CONTENT, baseline_manifest, model_manifest


def test_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Writing and reading gives the same manifest and the same bytes, in a folder named after the version."""
    written = Bundle(model_manifest(), CONTENT)
    folder = write_bundle(tmp_path, written)
    assert folder == tmp_path / written.manifest.version
    assert read_bundle(folder) == written
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model.tflite"]


def test_baseline_bundle_has_a_manifest_only(tmp_path: Path) -> None:
    """Without a model there is no model file, and reading it gives the baseline's name."""
    folder = write_bundle(tmp_path, Bundle(baseline_manifest()))
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert read_bundle(folder).manifest.baseline == "last_value"


def test_same_bundle_may_be_written_twice(tmp_path: Path) -> None:
    """Writing again changes nothing and leaves nothing behind."""
    bundle = Bundle(model_manifest(), CONTENT)
    assert write_bundle(tmp_path, bundle) == write_bundle(tmp_path, bundle)
    assert len(list(tmp_path.iterdir())) == 1


def test_another_bundle_of_the_same_version_is_refused(tmp_path: Path) -> None:
    """A version never changes its content."""
    manifest = model_manifest()
    write_bundle(tmp_path, Bundle(manifest, CONTENT))
    with pytest.raises(BundleError, match="another one of that version"):
        write_bundle(tmp_path, Bundle(msgspec.structs.replace(manifest, code_version="0.2.0"), CONTENT))


def test_interrupted_write_leaves_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk fails in between, neither a folder of that version nor a half one stays."""

    def full(path: Path, content: bytes) -> None:
        if path.name == "manifest.json":
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(bundles, "write_synced", full)
    with pytest.raises(OSError, match="No space left"):
        write_bundle(tmp_path, Bundle(model_manifest(), CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_corrupted_model_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    """One changed byte is found by the hash; the message gives expected and got."""
    folder = write_bundle(tmp_path, Bundle(model_manifest(), CONTENT))
    (folder / "model.tflite").write_bytes(b"N" + CONTENT[1:])
    with pytest.raises(BundleError, match=r"expected a model with SHA-256 [0-9a-f]{64}; got [0-9a-f]{64}"):
        read_bundle(folder)


def test_truncated_model_is_refused_by_its_size(tmp_path: Path) -> None:
    """The size in the manifest is compared before the file is read."""
    folder = write_bundle(tmp_path, Bundle(model_manifest(), CONTENT))
    os.truncate(folder / "model.tflite", 3)
    with pytest.raises(BundleError, match=r"expected 16 bytes in .*; got 3"):
        read_bundle(folder)


@pytest.mark.parametrize(("name", "limit"), [("manifest.json", MANIFEST_LIMIT), ("model.tflite", MODEL_LIMIT)])
def test_oversized_file_is_refused_unread(tmp_path: Path, name: str, limit: int) -> None:
    """A file above its cap is refused by its size; a sparse terabyte costs no memory."""
    folder = write_bundle(tmp_path, Bundle(model_manifest(), CONTENT))
    os.truncate(folder / name, 2**40)
    with pytest.raises(BundleError, match=f"got {2**40}"):
        read_bundle(folder)
    assert limit < 2**40


def test_missing_and_special_files_are_refused(tmp_path: Path) -> None:
    """A folder without a manifest, or with a pipe in its place, is no bundle and does not block."""
    with pytest.raises(BundleError, match="No such file"):
        read_bundle(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(BundleError, match="expected a file"):
        read_bundle(tmp_path)


def test_model_and_manifest_belong_together() -> None:
    """A bundle is never made of a manifest and somebody else's model."""
    with pytest.raises(BundleError, match="expected a model of 16 bytes; got 3"):
        Bundle(model_manifest(), b"abc")
    with pytest.raises(BundleError, match="expected a model in"):
        verify(model_manifest(), None)
    with pytest.raises(BundleError, match="expected no model in"):
        verify(baseline_manifest(), CONTENT)
