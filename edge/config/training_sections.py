"""The sections of `gatecast.toml` that the trainer alone uses: what is forecast, how it is trained, where it goes and when."""

import re
from typing import Annotated

import msgspec

from edge.contract.grid import Aggregation
from edge.errors import ConfigurationError
from edge.forecaster.manifest import Cell, Design, Precision
from edge.networks import reach
from edge.tls import TlsFiles

Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
RUNNERS = ("threads", "processes", "dask")
CLUSTER = re.compile(r"(?P<scheme>tcp|tls)://(?P<host>\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+):(?P<port>[0-9]{1,5})")


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is forecast.

    Args:
        interval: length of an interval; left out: the time between two readings, but long enough for a week to fit into 720
            intervals.
        horizon: number of intervals to look ahead; left out: a day, at most 1440 intervals, or 720 where `window` is set; 24
            where an interval is about a day or longer.
        window: number of intervals to look back; left out: a week, or four weeks where these are at most 720 intervals, there
            is history for them and they forecast better; 56 where an interval is about a day or longer. Of
            intervals below 4 minutes a week is seen in hours, and its end in intervals.
        quantiles: levels of the forecast distribution, an odd number of them, at most 99, with 0.5 in the middle.
        aggregation: value of an interval: the `mean`, `last`, `sum`, `min` or `max` of its readings.
        max_missing: share of a window that may be missing; above it the baseline forecasts.
        time_zone: time zone of the people whose days and weeks the readings follow, such as `Europe/Berlin`; left out: UTC.
            Networks look at the local time of day and of the week.
        holidays: country whose public holidays they look at as well, such as `DE`, or a part of it, such as `DE-BW` (ISO 3166);
            left out: none.
    """

    interval: str | None = None
    horizon: Positive | None = None
    window: Positive | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    aggregation: Aggregation = "mean"
    max_missing: float = 0.5
    time_zone: str | None = None
    holidays: str | None = None


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How forecasters are trained and judged.

    Args:
        cells: recurrent cells to try: `gru`, `lstm`, `simplernn`.
        designs: network designs to try: `segment` (one recurrent step per segment) and `plain` (one per interval).
        units: size of the recurrent state; left out: 64, or 128 where the window has at least 336 intervals and training does
            not begin with a starter.
        segment: number of intervals per segment, or of hours where a week is seen in hours; left out: a day, or an hour or a
            minute where a day does not fit the window.
        seed: seed of every random choice.
        epochs: largest number of passes over the training windows.
        members: number of networks per candidate, trained from different seeds and averaged in one model.
        precisions: precisions of the weights to try. Of those that forecast as well as float32 the quickest is
            released, those within `max_size` first. Both device runtimes open all three.
        budget: minutes of training, for all candidates together; with `[[input]]` it may take up to twice as long.
        runner: processes that candidates are trained by: `threads` (each candidate has a process of its own anyway),
            `processes` (what is measured on a candidate runs in another process too), `dask` (a Dask cluster on this machine),
            or the address of the scheduler of a Dask cluster, such as `tcp://10.0.0.5:8786` or `tls://10.0.0.5:8786`.
        workers: number of candidates that are trained at once, each on one core; a cluster that is there has its own number.
        ca_file: PEM file with the authority that a cluster at a `tls://` address is trusted by.
        cert_file: PEM file with our own certificate, which such a cluster asks for.
        key_file: PEM file with its private key; left out: the key stands in `cert_file`.
        margin: share by which the error is expected to be below the best baselines' before a model is released.
        max_latency: longest time of a forecast, in microseconds, at batch 64.
        max_size: largest size of the model file, in bytes.
    """

    cells: tuple[Cell, ...] = ("gru", "lstm", "simplernn")
    designs: tuple[Design, ...] = ("segment",)
    units: Positive | None = None
    segment: Positive | None = None
    seed: Count = 0
    epochs: Positive = 10
    members: Positive = 1
    precisions: tuple[Precision, ...] = ("float32", "float16", "int8")
    budget: Annotated[float, msgspec.Meta(gt=0)] = 20.0
    runner: str = "threads"
    workers: Positive = 2
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    margin: float = 0.01
    max_latency: float = 1000.0
    max_size: Positive = 1_000_000

    @property
    def rounds(self) -> int:
        """Trainings one after the other, where `workers` of them run at once."""
        return -(-len(self.cells) * len(self.designs) // self.workers)

    def check_runner(self) -> None:
        """Refuse a runner that there is not, a cluster that everybody could give orders to, and files that it has no use for.

        Raises:
            ConfigurationError: see above.
        """
        TlsFiles("train", self.ca_file, self.cert_file, self.key_file).check(
            encrypted=self.runner.startswith("tls://"), instead="tls://"
        )
        if self.runner in RUNNERS:
            return
        address = CLUSTER.fullmatch(self.runner)
        if address is None or not 0 < int(address["port"]) < 65_536:
            known = ", ".join(RUNNERS)
            raise ConfigurationError(
                f"[train] runner: expected {known} or the address of a scheduler, tcp://10.0.0.5:8786; got {self.runner!r}"
            )
        if address["scheme"] == "tls" and (self.ca_file is None or self.cert_file is None):
            raise ConfigurationError("[train] runner: a cluster with tls:// needs ca_file and cert_file")
        if address["scheme"] == "tcp" and reach(address["host"].strip("[]")) == "far":
            raise ConfigurationError(
                f"[train] runner: {address['host']} is outside of private networks, where anybody may give orders to a cluster "
                "without TLS; set it up with TLS, and write tls://"
            )


class RegistrySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where bundles are kept.

    Args:
        path: folder of the registry; serve it over http to reach agents elsewhere.
        channel: name of the channel that `retrain` releases to.
    """

    path: str = "registry"
    channel: str = "live"


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When `gatecast serve` retrains.

    Args:
        cron: times of the runs: five fields, in UTC.
        active: whether these times start runs; false: only drift does, and whoever starts one in Prefect.
        timeout: longest time of a run, such as `2h`, after which it is ended; left out: three times `[train] budget`, four
            times where there are inputs, and half an hour.
        name: name of the fleet in Prefect, for its deployment and artifacts; left out: that of the folder of this file, with
            six characters for file, registry and channel. Fleets of several machines with the same paths on one server need
            a name each.
        port: port of the Prefect server that `serve` starts where `PREFECT_API_URL` names none, on this machine only; 0: a
            free one.
    """

    cron: str = "0 3 * * *"
    active: bool = True
    timeout: str | None = None
    name: str | None = None
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0


class Monitor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How `gatecast serve` watches the live error.

    Args:
        cron: times of the looks: five fields, in UTC.
        active: whether it looks, and starts a retraining where the live error is worse than that of the backtest.
        cooldown: time after a retraining was started in which a further look starts none.
    """

    cron: str = "0 15 * * *"
    active: bool = True
    cooldown: str = "7d"
