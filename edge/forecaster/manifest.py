"""The manifest: what a bundle says of itself, as JSON with a schema version."""

import enum
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

from edge.contract.contract import MOST_QUANTILES, SHORTEST_INTERVAL, Contract
from edge.contract.meaning import Meaning
from edge.contract.times import DAY, LONGEST, format_duration
from edge.errors import BundleError, ConfigurationError
from edge.forecaster.baselines import baseline
from edge.forecaster.golden import Golden, check_golden

SCHEMA = 1
DERIVED = 2  # schema of a manifest that earlier agents would misread: they take every series for a plain gauge
FURTHER = 3  # schema of a manifest whose forecasts are made from more than a window, which earlier agents cannot make
MANIFEST_FILE = "manifest.json"
MODEL_FILE: Literal["model.tflite"] = "model.tflite"
MANIFEST_LIMIT = 4 * 2**20
MODEL_LIMIT = 16 * 2**20
LARGEST_INTERVAL = 366 * DAY
LARGEST_WINDOW = 2**16
LARGEST_FORECAST = 2**16
VERSION = re.compile(r"\d{8}T\d{6}Z-[a-z0-9_]{1,32}-[0-9a-f]{8}", re.ASCII)
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Cell: TypeAlias = Literal["gru", "lstm", "simplernn"]
Design: TypeAlias = Literal["segment", "plain"]
Precision: TypeAlias = Literal["float32", "float16", "int8"]


class ModelFile(msgspec.Struct, frozen=True):
    """The model file and what is inside.

    Args:
        sha256: hash of the file, 64 hexadecimal digits.
        size: size of the file, bytes.
        cell: recurrent cell.
        design: `segment` or `plain`.
        units: size of the recurrent state.
        parameters: number of trained numbers.
        runtime: name and version of the runtime that parity was verified on, such as `ai-edge-litert 2.3.0`.
        precision: number format of the weights; `int8` has a range for each tensor, and computes in float32 around it.
        file: always `model.tflite`.
    """

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, msgspec.Meta(ge=1, le=MODEL_LIMIT)]
    cell: Cell
    design: Design
    units: Annotated[int, msgspec.Meta(ge=1)]
    parameters: Count
    runtime: Text
    precision: Precision = "float32"
    file: Literal["model.tflite"] = MODEL_FILE


class Conversion(msgspec.Struct, frozen=True):
    """Size, error and time of one precision of the model, measured on the device runtime where it was made.

    Args:
        precision: number format of the weights.
        size: size of the file, bytes.
        parity: largest difference from the network before conversion, as a share of the spread of its series in training.
        error: mean absolute error on the validation part as a share of float32's, or None where parity failed.
        microseconds: time per forecast at batch 1 and at batch 64, µs, or None where parity failed.
        refused: reason why it cannot be released, or None.
    """

    precision: Precision
    size: Count
    parity: float | None
    error: float | None
    microseconds: tuple[float, float] | None
    refused: Text | None = None


class Training(msgspec.Struct, frozen=True):
    """History and settings that the model was made from.

    Args:
        start: first interval of the history, ns UTC.
        end: end of its last interval, ns UTC.
        rows: number of filled intervals in the history.
        seconds: time of training, s.
        epochs: number of passes over the training windows.
        seed: seed of every random choice; further members have the seeds after it.
        data_hash: hash of the history.
        members: number of networks that are averaged in the model.
        settings: values that a search chose, by name, with the number and the validation loss of its trial; empty without one.
        validated: end of the readings that stopped the training, set weights and intervals and chose the precision, ns UTC.
        weights: weight of each simple forecast that is mixed with the network, by its name, in the forecasts of unknown series,
            and the mean over known ones, 0…1.
    """

    start: int
    end: int
    rows: Count
    seconds: float
    epochs: Count
    seed: int
    data_hash: Text
    members: Annotated[int, msgspec.Meta(ge=1)] = 1
    settings: dict[Text, float] = {}
    validated: int = 0
    weights: dict[Text, tuple[Share, Share]] = {}


class Metric(msgspec.Struct, frozen=True):
    """Errors of one forecaster on held-out readings.

    Args:
        forecaster: version of a bundle or name of a baseline.
        absolute_error: mean of the median's absolute error at lead 1…horizon, each series divided by its training
            scale where several are put together; None where nothing was scored.
        pinball: mean quantile loss, or None.
        skill: mean over the series of 1 - its error / the best baseline's, each bounded below as the verdict does, or None.
        coverage: share of facts within the outermost quantiles, or None.
    """

    forecaster: Text
    absolute_error: list[float | None]
    pinball: float | None = None
    skill: float | None = None
    coverage: float | None = None


class Backtest(msgspec.Struct, frozen=True):
    """Errors of the model on the held-out part by series, which the monitor compares the live errors with.

    Both texts are base64 of float16 `[series, leads]`, little-endian: the mean over the days of the logarithm of the mean
    absolute error of a day, in the unit of the series; NaN where there were no facts. A text takes little memory on a device.

    Args:
        leads: leads in intervals, in order.
        model: errors of the model.
        naive: errors of the seasonal-naive forecast.
    """

    leads: list[int]
    model: str
    naive: str


class Outcome(enum.Enum):
    """Result of a check. Only a failed check keeps a candidate from going out."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


class Check(msgspec.Struct, frozen=True):
    """One thing that the verdict looked at before the release.

    Args:
        name: name of the check, such as `skill` or `champion`; the same in every manifest.
        outcome: result of the check.
        text: figures for people; nothing reads them back.
    """

    name: Text
    outcome: Outcome
    text: str


class Manifest(msgspec.Struct, frozen=True):
    """Everything known about a forecaster.

    Args:
        version: UTC time, cell (or baseline) and short hash; also the name of the folder.
        contract: grid and shapes.
        series: the names known from training; the model's series input for `series[i]` is `i + 1`, 0 is unknown.
        meanings: kind, hold, unit and usual values of series by their names; those that are left out are gauges.
        created: time when the bundle was made, ISO 8601, UTC.
        code_version: version of the package that made it.
        model: the model file, or None in a baseline bundle.
        baseline: name of the baseline that forecasts, or None where a model does.
        training: history and settings that the model was made from.
        metrics: errors of the model, the baselines and the champion.
        golden: inputs and outputs for the self-test; a model has them.
        conversions: precisions of the model that were measured, the released one first.
        checks: results of the checks of the verdict; empty in a baseline bundle and in older bundles.
        schema: number of the layout of this file.
        backtest: errors by series on the held-out part; None in a baseline bundle and in older bundles.
        baselines: baselines that forecast single series in place of the model or of `baseline`: names by names of series.
    """

    version: str
    contract: Contract
    series: list[str]
    created: str
    code_version: Text
    model: ModelFile | None = None
    baseline: str | None = None
    training: Training | None = None
    metrics: list[Metric] = []
    golden: Golden | None = None
    conversions: list[Conversion] = []
    checks: list[Check] = []
    schema: int = SCHEMA
    meanings: dict[str, Meaning] = {}
    backtest: Backtest | None = None
    baselines: dict[str, str] = {}


class _Schema(msgspec.Struct):
    schema: int


def schema_of(contract: Contract, meanings: Mapping[str, Meaning]) -> int:
    """The schema of a manifest with this contract and these meanings."""
    if contract.coarse or contract.inputs:
        return FURTHER
    return SCHEMA if all(meaning.is_plain for meaning in meanings.values()) else DERIVED


def version_of(created: datetime, cell: str, content: bytes) -> str:
    """Version of a bundle: sorts by time, is unique by content, and serves as a folder name.

    Args:
        created: time when the bundle was made, with a zone.
        cell: cell of the network, or name of the baseline.
        content: the model file, or other content that makes this bundle a different one.
    """
    version = f"{created.astimezone(UTC):%Y%m%dT%H%M%SZ}-{cell}-{hashlib.sha256(content).hexdigest()[:8]}"
    return check_version(version)


def check_version(version: str) -> str:
    """The same text, if it is a version: nothing else may become the name of a folder.

    Raises:
        BundleError: anything else.
    """
    if not VERSION.fullmatch(version):
        raise BundleError(f"a version looks like 20261122T154500Z-gru-1a2b3c4d; got {version[:80]!r}")
    return version


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON, one line per top-level field.

    Raises:
        BundleError: `decode_manifest` would refuse it.
    """
    content = b"{\n" + b",\n".join(
        msgspec.json.encode(name) + b": " + msgspec.json.encode(getattr(manifest, name)) for name in Manifest.__struct_fields__
    )
    content += b"\n}\n"
    decode_manifest(content)
    return content


def decode_manifest(content: bytes) -> Manifest:
    """The manifest, every value of it in range.

    Raises:
        BundleError: too large, of another schema, or malformed; says where.
    """
    if len(content) > MANIFEST_LIMIT:
        raise BundleError(f"a manifest has at most {MANIFEST_LIMIT:,} bytes; got {len(content):,}")
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
        if schema not in (SCHEMA, DERIVED, FURTHER):
            raise BundleError(f"this version reads manifests of schema {SCHEMA}, {DERIVED} and {FURTHER}; got {schema}")
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, ConfigurationError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"malformed manifest: {error}") from error
    _check_manifest(manifest)
    return manifest


def _check_manifest(manifest: Manifest) -> None:
    check_version(manifest.version)
    contract = manifest.contract
    _check_contract(contract)
    if len(set(manifest.series)) != len(manifest.series):
        raise BundleError("every series is listed once; got a name twice")
    _check_meanings(manifest)
    if (manifest.model is None) == (manifest.baseline is None):
        raise BundleError(f"expected a model or a baseline; got {'neither' if manifest.model is None else 'both'}")
    if manifest.baselines.keys() - set(manifest.series):
        raise BundleError("baselines of single series belong to series of the list; got one of another series")
    named = {*manifest.baselines.values(), *([] if manifest.baseline is None else [manifest.baseline])}
    for name in sorted(named):
        if baseline(name, contract) is None:
            raise BundleError(f"expected a baseline that fits the window; got {name[:80]!r}")
    if manifest.model is not None and manifest.golden is None:
        raise BundleError("expected golden windows and forecasts beside a model; got none")
    if manifest.golden is not None:
        check_golden(manifest.golden, contract, len(manifest.series))


def _check_contract(contract: Contract) -> None:
    if contract.interval < SHORTEST_INTERVAL:
        raise BundleError(f"expected an interval of at least {SHORTEST_INTERVAL} ns; got {contract.interval}")
    if contract.interval > LARGEST_INTERVAL or contract.columns > LARGEST_WINDOW:
        raise BundleError(
            f"expected an interval of at most {LARGEST_INTERVAL} ns and a window of at most {LARGEST_WINDOW} values; "
            f"got {contract.interval} and {contract.columns}"
        )
    if (reach := contract.interval * max(contract.reach, contract.horizon)) > LONGEST:
        raise BundleError(
            f"expected a window and a horizon of at most {format_duration(LONGEST)} each; got {format_duration(reach)}"
        )
    if contract.horizon * len(contract.quantiles) > LARGEST_FORECAST:
        raise BundleError(
            f"expected at most {LARGEST_FORECAST} values per forecast; got {contract.horizon} * {len(contract.quantiles)}"
        )
    if len(contract.quantiles) > MOST_QUANTILES:
        raise BundleError(f"expected at most {MOST_QUANTILES} quantiles; got {len(contract.quantiles)}")


def _check_meanings(manifest: Manifest) -> None:
    if manifest.meanings.keys() - set(manifest.series):
        raise BundleError("meanings belong to series of the list; got one of another series")
    expected = schema_of(manifest.contract, manifest.meanings)
    if manifest.schema != expected:
        told = "this contract" if expected == FURTHER else "these meanings"
        raise BundleError(f"expected schema {expected} for {told}; got {manifest.schema}")
    for name, meaning in manifest.meanings.items():
        if meaning.usual is not None and not meaning.usual[0] <= meaning.usual[1]:
            raise BundleError(f"expected the smaller usual value of {name[:120]!r} first; got {meaning.usual}")
    longest = max((meaning.hold for meaning in manifest.meanings.values()), default=0)
    if longest > LARGEST_INTERVAL:
        raise BundleError(f"expected a hold of at most {LARGEST_INTERVAL} ns; got {longest}")
