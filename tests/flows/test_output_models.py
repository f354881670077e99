"""What `gatecast models` tells fits a terminal of 80 columns."""

from datetime import UTC, datetime

import msgspec
import pytest

from edge.forecaster.manifest import Manifest, Metric, version_of
from flows.output.models import model_document, models_document, models_text
from tests.pipeline.test_report_report import CONTRACT
from tests.support.tiny import bundle_of

pytestmark = pytest.mark.training


def network() -> Manifest:
    """The manifest of a network with large figures."""
    manifest = bundle_of(b"x" * 999_999).manifest
    assert manifest.model is not None
    return msgspec.structs.replace(manifest, model=msgspec.structs.replace(manifest.model, parameters=199_999))


def test_the_list_of_bundles_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions of networks and of baselines, each in one line; below them what the star means."""
    monkeypatch.setenv("COLUMNS", "80")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    version = version_of(moment, "seasonal_naive_week", b"")
    metric = Metric(version, [1.0] * 24, skill=-0.1234)
    naive = Manifest(
        version, CONTRACT, ["a"] * 999, moment.isoformat(), "0.1.0", baseline="seasonal_naive_week", metrics=[metric]
    )
    lines = models_text([naive, network()], version, "production").splitlines()
    assert [line.split()[0] for line in lines] == ["version", version, network().version, "*"]
    assert lines[-1] == "* named by channel production"
    assert lines[1].split()[1:] == ["*", "999", "–", "-12.3", "%"]  # noqa: RUF001
    assert max(map(len, lines)) <= 80


def test_a_baseline_that_went_out_has_no_skill_of_a_network_that_did_not() -> None:
    """The manifest of a baseline also holds how the refused network did."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    metrics = [Metric(version_of(moment, "gru", b""), [1.0] * 24, skill=-0.1234), Metric("last_value", [1.0] * 24)]
    version = version_of(moment, "last_value", b"")
    naive = Manifest(version, CONTRACT, ["a"], moment.isoformat(), "0.1.0", baseline="last_value", metrics=metrics)
    assert models_text([naive], version, "live").splitlines()[1].split() == [version, "*", "1", "–", "–"]  # noqa: RUF001


def test_an_empty_registry_names_the_next_command() -> None:
    """Whatever the channel is called."""
    assert models_text([], None, "live") == "no bundles yet; run gatecast retrain"


def test_the_document_of_a_bundle_says_what_it_costs() -> None:
    """A baseline has no design, no precision, no bytes and no training."""
    manifest = network()
    said = model_document(manifest)
    assert (said["version"], said["bytes"], said["parameters"]) == (manifest.version, 999_999, 199_999)
    baseline = Manifest("v", CONTRACT, ["a"], "2026-01-01T00:00:00+00:00", "0.1.0", baseline="last_value")
    assert model_document(baseline) == {
        "version": "v",
        "cell": "last_value",
        "design": None,
        "precision": None,
        "bytes": 0,
        "parameters": 0,
        "train_seconds": None,
        "settings": {},
    }


def test_one_bundle_of_the_document_is_live() -> None:
    """The one that the channel names; none where it names nothing."""
    manifests = [network(), msgspec.structs.replace(network(), version="other")]
    assert [bundle["live"] for bundle in models_document(manifests, "other")] == [False, True]
    assert [bundle["live"] for bundle in models_document(manifests, None)] == [False, False]
