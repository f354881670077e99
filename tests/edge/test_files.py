"""A file is replaced whole or not at all."""

from pathlib import Path

import pytest

from edge.files import read_json, replace_file, sync_folder, write_synced


def test_a_file_is_replaced_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """Its folder is made where it is missing."""
    path = tmp_path / "new" / "file"
    for content in (b"one", b"two"):
        replace_file(path, content)
        assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_a_file_of_ours_that_is_damaged_is_none(tmp_path: Path) -> None:
    """As one that is missing, or a folder in its place."""
    path = tmp_path / "file"
    assert read_json(path, list[str]) is read_json(tmp_path, list[str]) is None
    for content in (b"", b"{}", b"[1]", b'["\xb7"]', b"[" * 100_000):
        path.write_bytes(content)
        assert read_json(path, list[str]) is None
    path.write_bytes(b'["a"]')
    assert read_json(path, list[str]) == ["a"]


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    """Here a folder stands in its place; the temporary file is gone."""
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "file", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    """Whoever writes one that is there is told so."""
    write_synced(tmp_path / "file", b"one")
    sync_folder(tmp_path)
    with pytest.raises(FileExistsError):
        write_synced(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"one"
