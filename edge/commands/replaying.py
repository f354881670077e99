"""A CSV of readings in, forecasts out: the live code without broker and store."""

import csv
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from edge.alerts.alerts import Alerts
from edge.alerts.rule import unmatched
from edge.alerts.tally import Tally as AlertTally
from edge.anomalies.rule import OFF
from edge.anomalies.tally import Tally as AnomalyTally
from edge.anomalies.watch import Watch
from edge.checks.configured import local_bundle
from edge.commands.csv_file import BATCH, read_csv
from edge.config.reading import read_config
from edge.config.sections import Agent, Config
from edge.contract.ahead.issues import Issues, KnownAhead
from edge.contract.columns import Float64, Forecasts, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND, parse_duration
from edge.errors import BundleError, ConfigurationError, StoreError
from edge.forecaster.bundle import read_bundle
from edge.forecaster.learned import Learned
from edge.inputs.recorded import issues_in, on_the_grid, read_issues, untold
from edge.quoting import one_line
from edge.release.ready import open_bundle
from edge.series.effect import Effect
from edge.series.engine import Engine
from edge.series.outlook import Leads
from edge.tables.notes import Notes
from edge.tables.options import NO_OPTIONS, TableOptions
from edge.tables.times import latest_of
from edge.tables.words import MISDATED

DECIMALS = 6  # digits behind the point of a number that is written
OF_MOVEMENT = 4  # digits at least of the distance between the smallest and the largest number of a forecast


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of readings, and how it is written.

    Args:
        path: CSV file.
        options: statement of the user about it.
        inputs: CSV file of what was known of inputs; None: the store of the configuration has it, if anything.
    """

    path: Path
    options: TableOptions = NO_OPTIONS
    inputs: Path | None = None


def replay(recording: Recording, config_path: Path, bundle_path: Path | None, *, as_json: bool, last: bool, out: TextIO) -> int:
    """Write every forecast that the readings lead to, with the `[agent] lateness` of the configuration.

    What its alerts and `[anomaly]` would have said follows on standard error. A bundle that is named needs no configuration:
    where the file is missing, the defaults count.

    Returns:
        Exit code: 0, or 1 where no forecast could be made.

    Raises:
        ConfigurationError: neither a bundle nor a configuration that names one.
        BundleError: the bundle is damaged.
        HistoryError: a file cannot be read.
    """
    series, origins = SeriesTable(), set[int]()
    config = None if bundle_path is not None and not config_path.exists() else read_config(config_path)
    engine = _make_engine(config, bundle_path, series)
    contract = engine.forecaster.contract
    ahead = _known_ahead(recording, config, contract)
    engine.ahead = lambda _: ahead
    spoken = _Spoken(config, series)
    writer = _Writer(out, contract, series, as_json=as_json)
    newest: dict[int, tuple[int, Forecasts, int]] = {}
    count = 0
    for readings in _usable(recording, series):
        outcome = engine.step(readings)
        if outcome.failure is not None:
            raise BundleError(f"{engine.forecaster.name} fails: {outcome.failure}")
        spoken.hear(outcome, contract)
        for forecasts in outcome.forecasts:
            count += len(forecasts)
            origins.update(np.unique(forecasts.origin).tolist() if contract.known else ())
            for row in range(len(forecasts)):
                if last:
                    owner, origin = int(forecasts.series[row]), int(forecasts.origin[row])
                    if owner not in newest or newest[owner][0] <= origin:
                        newest[owner] = (origin, forecasts, row)
                else:
                    writer.write(forecasts, row)
    for _, forecasts, row in newest.values():
        writer.write(forecasts, row)
    if missing := untold([*origins], ahead, contract):
        print(f"gatecast-agent: {_words(missing, len(origins), contract)}", file=sys.stderr)
    sys.stderr.writelines(f"{line}\n" for line in spoken.lines())
    if not count:
        print("gatecast-agent: no interval closed: the file holds too few readings for one forecast", file=sys.stderr)
    return 0 if count else 1


def _known_ahead(recording: Recording, config: Config | None, contract: Contract) -> KnownAhead:
    """What was known of inputs, from the file that is named or else from the store."""
    issues: dict[str, Issues] = {}
    if not contract.known:
        if recording.inputs is not None:
            print("gatecast-agent: the bundle uses no inputs: --inputs changes nothing", file=sys.stderr)
    elif recording.inputs is not None:
        issues = read_issues(recording.inputs, [known.name for known in contract.known])
    elif config is not None:
        store = config.store.open()
        try:
            issues = issues_in(store)
        except StoreError as error:
            print(f"gatecast-agent: the store gives no values of inputs: {one_line(str(error))}", file=sys.stderr)
        finally:
            store.close()
    return on_the_grid(issues, contract)


def _words(missing: Mapping[str, int], count: int, contract: Contract) -> str:
    """What is said of inputs that were not known.

    Args:
        missing: number of origins without a value, by the name of the input.
        count: number of all origins.
        contract: contract of the forecasts.
    """
    if all(missing.get(known.name) == count for known in contract.known):
        text = f"nothing is known of the inputs {', '.join(missing)}: forecasts are those without"
        return f"{text}; name a CSV of their values with --inputs, as docs/inputs.md says"
    each = ", ".join(f"{name} at {number:,} of {count:,} origins" for name, number in missing.items())
    return f"nothing was known of {each}: forecasts there do without"


def _make_engine(config: Config | None, bundle_path: Path | None, series: SeriesTable) -> Engine:
    """The engine of a bundle, as the agent would make it."""
    agent = Agent() if config is None else config.agent
    bundle = read_bundle(bundle_path) if bundle_path else None if config is None else local_bundle(config)
    if bundle is None:
        raise ConfigurationError("no bundle on this device yet; name one with --bundle")
    lateness, manifest = parse_duration(agent.lateness, shortest=0), bundle.manifest
    leads = Leads(agent.leads, agent.refresh)
    learned = Learned.of(manifest)
    engine = Engine(open_bundle(bundle), manifest.series, series, leads=leads, lateness=lateness, learned=learned)
    engine.watch = Watch.of(OFF if config is None else config.anomaly, engine.forecaster.contract, engine.leads)
    return engine


class _Spoken:
    """What the alerts and anomalies of a configuration would have said.

    Args:
        config: configuration of the agent, or None.
        series: table of all series.
    """

    def __init__(self, config: Config | None, series: SeriesTable) -> None:
        self._series, self._anomaly = series, OFF if config is None else config.anomaly
        self._rules = () if config is None else tuple(config.alert)
        self._alerts, self._of_rules, self._strange = Alerts(self._rules, series), AlertTally(self._rules), AnomalyTally()

    def hear(self, effect: Effect, contract: Contract) -> None:
        """Take a step, as the loop of the agent does."""
        self._of_rules.add(self._alerts.look(effect.forecasts, contract), self._alerts.rows())
        self._alerts.judged()
        self._strange.add(effect.anomalies)

    def lines(self) -> list[str]:
        """Tables for people; empty where the configuration asks for nothing."""
        lines = self._of_rules.lines()
        if (alone := unmatched(self._rules, self._series.names)) is not None:
            lines.append(f"gatecast-agent: {alone}")
        if self._anomaly.days is None:
            return lines
        watched = sum(map(self._anomaly.takes, self._series.names))
        return [*lines, *([""] if lines else []), *self._strange.lines(watched)]


def _usable(recording: Recording, series: SeriesTable) -> Iterator[Readings]:
    """The readings of the file that the state takes; what was decided and how many it does not take is said at the end."""
    infinite = misdated = 0
    latest, notes = latest_of(time.time_ns()), Notes()
    batches = read_csv(recording.path, series, latest, recording.options, notes)
    for readings in _from_old_to_new(batches, notes):
        finite, dated = readings.finite, readings.dated & (readings.time <= latest)
        infinite += int((~finite).sum())
        misdated += int((finite & ~dated).sum())
        yield readings.take(finite & dated)
    for sentence in notes.sentences:
        print(f"gatecast-agent: {one_line(sentence)}", file=sys.stderr)
    for count, what in ((infinite, "infinite values"), (misdated, MISDATED)):
        if count:
            print(f"gatecast-agent: {what}, left out: {count:,}", file=sys.stderr)


def _from_old_to_new(batches: Iterator[Readings], notes: Notes) -> Iterator[Readings]:
    """The readings of a file; one that goes from new to old is turned round, for which all of it is in memory."""
    first = next(batches, Readings.empty())
    order = np.argsort(first.series, kind="stable")
    steps = np.diff(first.time[order])[np.diff(first.series[order]) == 0]
    if (steps < 0).sum() <= (steps > 0).sum():
        yield first
        yield from batches
        return
    notes.decide(["the file goes from new to old, and is replayed from old to new"])
    whole = Readings.concatenate([first, *batches])
    order = np.argsort(whole.time, kind="stable")
    for begin in range(0, len(whole), BATCH):
        yield whole.take(order[begin : begin + BATCH])


def decimals_of(values: Float64) -> int:
    """Number of digits behind the point that a forecast is shown with: six, or as many as a small movement needs.

    Args:
        values: values of the forecast, float64 `[horizon, quantiles]`, NaN for a quantile that it has not.
    """
    known = values[np.isfinite(values)]
    size = float(np.ptp(known) or np.abs(known).max()) if known.size else 0.0
    return max(DECIMALS, OF_MOVEMENT - math.floor(math.log10(size))) if size > 0 else DECIMALS


class _Writer:
    """Forecasts as CSV rows or JSON lines."""

    def __init__(self, out: TextIO, contract: Contract, series: SeriesTable, *, as_json: bool) -> None:
        self._out, self._contract, self._series, self._as_json = out, contract, series, as_json
        self._levels = contract.quantile_names
        if not as_json:
            print(",".join(["series", "origin", "lead", "time", *self._levels, "model"]), file=out)

    def write(self, forecasts: Forecasts, row: int) -> None:
        """One forecast, all its leads."""
        name, origin = self._series.names[forecasts.series[row]], int(forecasts.origin[row])
        values = np.round(forecasts.values[row], decimals_of(forecasts.values[row])).tolist()
        if self._as_json:
            levels = [[None if value != value else value for value in lead] for lead in values]  # noqa: PLR0124 - NaN
            document = {"series": name, "origin": _iso(origin), "model": forecasts.model}
            print(
                json.dumps({**document, **dict(zip(self._levels, map(list, zip(*levels, strict=True)), strict=True))}),
                file=self._out,
            )
            return
        text = csv.writer(self._out, lineterminator="\n")
        for lead, value in enumerate(values, 1):
            time = _iso(origin + (lead - 1) * self._contract.interval)
            cells = ["" if cell != cell else cell for cell in value]  # noqa: PLR0124
            text.writerow([name, _iso(origin), lead, time, *cells, forecasts.model])


def _iso(time: int) -> str:
    seconds, rest = divmod(time, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"
