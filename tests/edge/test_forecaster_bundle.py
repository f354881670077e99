"""A bundle is read whole and as it was written, or refused with a reason."""

import hashlib
import json
import os
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import BundleError
from edge.forecaster import bundle as bundles
from edge.forecaster.bundle import Bundle, read_bundle, verify, write_bundle
from edge.forecaster.golden import Golden, check_golden
from edge.forecaster.manifest import (
    MANIFEST_LIMIT,
    MODEL_LIMIT,
    Manifest,
    Metric,
    ModelFile,
    Training,
    check_version,
    decode_manifest,
    encode_manifest,
    version_of,
)

CREATED = datetime(2026, 11, 22, 15, 45, tzinfo=UTC)
CONTRACT = Contract(interval=3600 * SECOND, window=4, horizon=2)
CONTENT = b"not a real model"


def golden() -> Golden:
    """Two windows, one with a gap."""
    windows = np.array([[1, 2, np.nan, 4], [5, 6, 7, 8]], np.float32)
    return Golden.of(windows, np.array([1, 0], np.int32), np.zeros((2, 2, 3), np.float32))


def model_manifest(content: bytes = CONTENT) -> Manifest:
    """A manifest with everything in it."""
    file = ModelFile(hashlib.sha256(content).hexdigest(), len(content), "gru", "segment", 64, 29_220, "ai-edge-litert 2.3.0")
    return Manifest(
        version_of(CREATED, "gru", content),
        CONTRACT,
        ["cellar", "roof"],
        CREATED.isoformat(),
        "0.1.0",
        model=file,
        training=Training(0, 3600 * SECOND, 1, 18.5, 10, 0, "ab12", shares=(0.05, 0.2)),
        metrics=[Metric("last_value", [1.5, None], 0.5, None, 0.8)],
        golden=golden(),
    )


def baseline_manifest() -> Manifest:
    """A manifest without a model."""
    version = version_of(CREATED, "last_value", b"")
    return Manifest(version, CONTRACT, ["cellar"], CREATED.isoformat(), "0.1.0", baseline="last_value")


def changed(**fields: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The full manifest as JSON with some top-level fields replaced."""
    return json.dumps(json.loads(encode_manifest(model_manifest())) | fields).encode()


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


def test_gaps_of_golden_windows_travel_as_null() -> None:
    """NaN is written as null and comes back as NaN."""
    content = encode_manifest(model_manifest())
    assert b"null,4.0" in content
    windows, series, forecasts = (decode_manifest(content).golden or golden()).arrays()
    np.testing.assert_array_equal(windows[0], np.array([1, 2, np.nan, 4], np.float32))
    assert (series.tolist(), forecasts.shape) == ([1, 0], (2, 2, 3))


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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "malformed"),
        (b"[]", "malformed"),
        (b'{"schema": 1}', "malformed"),
        (b"\xff\xfe", "malformed"),
        (b'{"schema":' + b"[" * 100_000, "malformed"),
        (b" " * (MANIFEST_LIMIT + 1), "at most 4,194,304 bytes; got 4,194,305"),
        (changed(schema=2), "schema 1; got 2"),
        (changed(version="../../etc"), "a version looks like"),
        (changed(version="20261122T154500Z-gru-1a2b3c4d\n"), "a version looks like"),
        (changed(model=None), "expected a model or a baseline; got neither"),
        (changed(baseline="last_value"), "expected a model or a baseline; got both"),
        (changed(model=None, baseline="seasonal_naive_day"), "baseline that fits"),
        (changed(golden=None), "golden"),
        (changed(series=["a", "a"]), "twice"),
        (changed(contract={"interval": 0, "window": 4, "horizon": 2}), "interval=0"),
        (
            changed(
                contract={"interval": SECOND, "window": 4, "horizon": 2, "quantiles": [step / 202 for step in range(1, 202)]}
            ),
            "at most 99 quantiles; got 201",
        ),
        (changed(contract={"interval": SECOND, "window": 10**12, "horizon": 2}), "window of at most"),
        (changed(contract={"interval": 999_999, "window": 4, "horizon": 2}), "interval of at least 1000000 ns; got 999999"),
        (changed(contract={"interval": 10**30, "window": 4, "horizon": 2}), "interval of at most"),
        (changed(contract={"interval": SECOND, "window": 4, "horizon": 10**9}), "values per forecast"),
        (changed(contract={"interval": SECOND, "window": 5, "horizon": 2}), "golden windows"),
        (changed(contract={"interval": SECOND, "window": 4, "horizon": 2, "quantiles": [0.9, 0.1, 0.5]}), "quantiles"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_manifest_out_of_range_is_refused(content: bytes, reason: str) -> None:
    """Every value that could harm or confuse the device is refused with its reason."""
    with pytest.raises(BundleError, match=re.escape(reason)):
        decode_manifest(content)


@pytest.mark.parametrize("units", [[1.0], [1.0, 0.0], [1.0, -1.0], []])
def test_golden_units_that_cannot_be_divided_by_are_refused(units: list[float]) -> None:
    """One above 0 for every window, or none at all: a bundle of before has none."""
    good = golden()
    check_golden(good, CONTRACT, 1)
    check_golden(msgspec.structs.replace(good, units=[1.0, 2.0]), CONTRACT, 1)
    with pytest.raises(BundleError, match="expected 2 golden units above 0"):
        check_golden(msgspec.structs.replace(good, units=units), CONTRACT, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("size", -1), ("size", 0), ("size", MODEL_LIMIT + 1), ("sha256", "AB"), ("file", "../model.so"), ("cell", "transformer")],
)
def test_model_entry_out_of_range_is_refused(field: str, value: object) -> None:
    """Size, hash, file name and cell are checked before the model file is looked at."""
    model = json.loads(encode_manifest(model_manifest()))["model"]
    with pytest.raises(BundleError, match=f"model.{field}"):
        decode_manifest(changed(model=model | {field: value}))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_manifest_reader(content: bytes) -> None:
    """Whatever it is given, the reader returns a manifest or raises `BundleError`."""
    with pytest.raises(BundleError):
        decode_manifest(content)


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


def test_version_is_utc_and_tells_contents_apart() -> None:
    """Time zones do not matter, content does."""
    there = CREATED.astimezone(timezone(timedelta(hours=5)))
    assert version_of(there, "gru", CONTENT) == version_of(CREATED, "gru", CONTENT)
    assert version_of(CREATED, "gru", CONTENT) != version_of(CREATED, "gru", b"other")
    assert version_of(CREATED, "gru", CONTENT).startswith("20261122T154500Z-gru-")


@given(st.text(max_size=60))
def test_no_text_becomes_a_path(text: str) -> None:
    """What is not a version does not become the name of a folder."""
    with pytest.raises(BundleError):
        check_version(text)
