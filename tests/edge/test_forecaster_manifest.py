"""A manifest is read as it was written, or refused with a reason; nothing in it becomes a path."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coarse import Coarse
from edge.contract.columns import Float64, Int32
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.times import DAY, SECOND
from edge.errors import BundleError
from edge.forecaster.golden import Golden
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
    schema_of,
    version_of,
)

CREATED = datetime(2026, 11, 22, 15, 45, tzinfo=UTC)
CONTRACT = Contract(interval=3600 * SECOND, window=4, horizon=2)
CONTENT = b"not a real model"


def golden() -> Golden:
    """Two windows, one with a gap."""
    windows = np.array([[1, 2, np.nan, 4], [5, 6, 7, 8]])
    return Golden.of(windows, np.array([1, 0], np.int32), np.zeros((2, 2, 3)))


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
        training=Training(0, 3600 * SECOND, 1, 18.5, 10, 0, "ab12", weights={"linear": (0.05, 0.2)}),
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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "malformed"),
        (b"[]", "malformed"),
        (b'{"schema": 1}', "malformed"),
        (b"\xff\xfe", "malformed"),
        (b'{"schema":' + b"[" * 100_000, "malformed"),
        (b" " * (MANIFEST_LIMIT + 1), "at most 4,194,304 bytes; got 4,194,305"),
        (changed(schema=4), "schema 1, 2 and 3; got 4"),
        (changed(schema=2), "expected schema 1 for these meanings; got 2"),
        (changed(meanings={"roof": {"kind": "counter"}}), "expected schema 2 for these meanings; got 1"),
        (changed(meanings={"hall": {"kind": "counter"}}), "meanings belong to series of the list"),
        (changed(meanings={"roof": {"kind": "total"}}), "malformed"),
        (changed(meanings={"roof": {"usual": [3, 2]}}), "the smaller usual value of 'roof' first"),
        (changed(meanings={"roof": {"bounds": {"lowest": 3, "highest": 2}}}), "expected finite bounds, the lowest first"),
        (changed(meanings={"roof": {"hold": -1}}), "hold must be at least 0"),
        (changed(schema=2, meanings={"roof": {"hold": 367 * DAY}}), "a hold of at most"),
        (changed(version="../../etc"), "a version looks like"),
        (changed(version="20261122T154500Z-gru-1a2b3c4d\n"), "a version looks like"),
        (changed(model=None), "expected a model or a baseline; got neither"),
        (changed(baseline="last_value"), "expected a model or a baseline; got both"),
        (changed(model=None, baseline="seasonal_naive_day"), "baseline that fits"),
        (changed(baselines={"roof": "seasonal_naive_day"}), "baseline that fits the window; got 'seasonal_naive_day'"),
        (changed(baselines={"hall": "last_value"}), "baselines of single series belong to series of the list"),
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


def test_digits_of_other_scripts_are_no_version() -> None:
    """Two texts that look alike would be two folders."""
    with pytest.raises(BundleError):
        check_version("\N{ARABIC-INDIC DIGIT TWO}0261122T154500Z-gru-1a2b3c4d")


@pytest.mark.parametrize(("window", "horizon"), [(6000, 2), (4, 6000)])
def test_a_bundle_reaches_a_hundred_years_at_most(window: int, horizon: int) -> None:
    """Each number on its own is in range; the times of such a window or forecast are none that an agent can count in."""
    contract = Contract(7 * DAY, window, horizon)
    manifest = Manifest(
        "20261122T154500Z-last_value-1a2b3c4d", contract, [], CREATED.isoformat(), "0.1.0", baseline="last_value"
    )
    with pytest.raises(BundleError, match=r"window and a horizon of at most 36525d each; got 42000d"):
        encode_manifest(manifest)
    encode_manifest(msgspec.structs.replace(manifest, contract=Contract(7 * DAY, window // 2, horizon // 2)))


def test_meanings_travel_and_earlier_agents_refuse_them() -> None:
    """They would forecast meter readings in place of the consumption that the model learned; a unit alone harms nobody."""
    plain = {"cellar": Meaning(unit="°C")}
    derived = {**plain, "roof": Meaning("counter", 6 * 3600 * SECOND, "kWh")}
    for meanings, schema in ((plain, 1), (derived, 2)):
        manifest = model_manifest()
        manifest = msgspec.structs.replace(manifest, meanings=meanings, schema=schema_of(manifest.contract, meanings))
        assert (manifest.schema, decode_manifest(encode_manifest(manifest))) == (schema, manifest)


def test_a_coarse_past_travels_and_earlier_agents_refuse_it() -> None:
    """They would give the model windows of the newest intervals alone."""
    contract = Contract(60 * SECOND, 4, 2, coarse=(Coarse(4, 3), Coarse(2, 5)))
    whole = msgspec.structs.replace(
        model_manifest(), contract=contract, schema=schema_of(contract, {}), golden=Golden.of(*wide_golden(12))
    )
    assert whole.schema == 3
    assert decode_manifest(encode_manifest(whole)) == whole
    with pytest.raises(BundleError, match="expected schema 3"):
        encode_manifest(msgspec.structs.replace(whole, schema=1))
    with pytest.raises(BundleError, match=r"expected golden windows \[2, 12\]"):
        encode_manifest(msgspec.structs.replace(whole, golden=golden()))


def wide_golden(columns: int) -> tuple[Float64, Int32, Float64]:
    """Two windows of so many values, their series and forecasts."""
    return np.arange(2.0 * columns).reshape(2, columns), np.array([1, 0], np.int32), np.zeros((2, 2, 3))
