"""What `gatecast models` tells."""

from collections.abc import Sequence

from rich.console import Console

from edge.forecaster.manifest import Manifest
from flows.output.tables import rich_table
from pipeline.report.page import DASH, Grid, gain, number


def model_document(manifest: Manifest) -> dict[str, object]:
    """One bundle as a JSON document: what it is, how it was trained, what it costs."""
    model, training = manifest.model, manifest.training
    return {
        "version": manifest.version,
        "cell": manifest.baseline if model is None else model.cell,
        "design": None if model is None else model.design,
        "precision": None if model is None else model.precision,
        "bytes": 0 if model is None else model.size,
        "parameters": 0 if model is None else model.parameters,
        "train_seconds": None if training is None else round(training.seconds, 2),
        "settings": {} if training is None else training.settings,
    }


def models_text(manifests: Sequence[Manifest], live: str | None, channel: str) -> str:
    """The registry, newest last."""
    if not manifests:
        return "no bundles yet; run gatecast retrain"
    grid = Grid(("version", "", "series", "kB", "skill"), tuple(_manifest_row(manifest, live) for manifest in manifests))
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(rich_table(grid))
        if live is not None:
            console.print(f"* named by channel {channel}", markup=False, soft_wrap=True)
    return captured.get().rstrip()


def _manifest_row(manifest: Manifest, live: str | None) -> tuple[str, ...]:
    own = next((metric for metric in manifest.metrics if metric.forecaster == manifest.version), None)
    return (
        manifest.version,
        "*" if manifest.version == live else "",
        str(len(manifest.series)),
        number(manifest.model.size / 1000) if manifest.model else DASH,
        gain(None if own is None else own.skill),
    )


def models_document(manifests: Sequence[Manifest], live: str | None) -> list[dict[str, object]]:
    """The same as data."""
    return [
        {**model_document(manifest), "live": manifest.version == live, "created": manifest.created} for manifest in manifests
    ]
