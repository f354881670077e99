"""A bundle that may go live: verified, with a forecaster that has passed its test on this device."""

from dataclasses import dataclass

from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import open_forecaster
from edge.forecaster.trial import fault
from edge.release.pointer import Refusal


@dataclass(frozen=True, slots=True)
class ReadyBundle:
    """What is to forecast.

    Args:
        bundle: verified bundle.
        forecaster: forecaster that has passed its self-test.
        changed: time of the channel document that released the bundle; empty where none did.
        refusal: reason why the baseline stands in for what the bundle names, or None.
        history: versions that the channel document names as released before and not rolled back.
    """

    bundle: Bundle
    forecaster: Forecaster
    changed: str = ""
    refusal: Refusal | None = None
    history: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """A line for people that names the forecaster."""
        if self.refusal is None:
            return f"bundle {self.bundle.manifest.version} is live"
        return f"{self.refusal.text}; {self.forecaster.name} forecasts in its place"


def try_hard_windows(bundle: Bundle, forecaster: Forecaster) -> None:
    """Let a model forecast windows as sensors may send them on their worst day; a baseline is code of this package.

    Raises:
        BundleError: a forecast is not finite, its quantiles cross, or it cannot be made.
    """
    manifest = bundle.manifest
    if bundle.model is None or manifest.golden is None:
        return
    if (wrong := fault(forecaster, manifest.golden, len(manifest.series))) is not None:
        raise BundleError(f"{manifest.version}: {wrong}")


def open_bundle(bundle: Bundle) -> Forecaster:
    """Open a bundle and let it repeat its golden forecasts at batch 1 and 64.

    Raises:
        BundleError: it cannot be opened or fails its self-test.
    """
    forecaster = open_forecaster(bundle)
    forecaster.self_test()
    return forecaster
