"""The sets of `benchmarks/accuracy.py`: files, parts in time, short histories cut out of them, windows of GIFT-Eval."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import flows
from edge.contract.columns import Float64, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import DAY, parse_duration
from pipeline.files.reading import read_file
from pipeline.history.checks import Report
from pipeline.history.prepared import Prepared, prepare
from pipeline.history.table import Table, to_table
from pipeline.history.windows import Split, training_scale

WEATHER = "weather"
WEATHER_FILE = Path(next(iter(flows.__path__))) / "data" / "nyc-weather-2013.csv.xz"
SOURCES = {  # by the beginning of the name
    "ETT": "https://github.com/zhouhaoyi/ETDataset",
    "NAB": "https://github.com/numenta/NAB, folder data/realKnownCause",
    "Tetuan": "https://archive.ics.uci.edu/dataset/849",
    "Beijing": "https://archive.ics.uci.edu/dataset/381",
}
# Published parts of ETT: 12, 4 and 4 months of 30 days. The other sets have none.
MONTHS, SHARES = (12, 4, 4), (0.6, 0.2, 0.2)
WEEK = 7 * DAY
LIVE_WEEKS = 4  # after a short history
LONGEST_WEEKS = 8  # of the short histories; shorter ones end at the same moments
NOISE = 0.02  # of a sensor that reports oftener than its set has values, in units of the standard deviation
GIFT_HORIZON, GIFT_WINDOWS = 48, 20
GIFT_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
GIFT = {"ett1/H": ("ETTm1", "1h"), "ett1/15T": ("ETTm1", "15min")}  # file and interval; the hour is the sum of four values


@dataclass(frozen=True, slots=True)
class Data:
    """One set.

    Args:
        name: name of the set.
        table: all series.
        split: training, validation and test part.
        scale: standard deviation in the training part, float64 `[series]`.
    """

    name: str
    table: Table
    split: Split
    scale: Float64


@dataclass(frozen=True, slots=True)
class Cut:
    """A short history out of a set, and the weeks after it.

    Args:
        name: name of the set.
        weeks: length of the history.
        table: history and the weeks after it.
        begin: number of the first column after the history.
    """

    name: str
    weeks: int
    table: Table
    begin: int

    @property
    def live(self) -> range:
        """Columns of the weeks after the history."""
        return range(self.begin, self.table.values.shape[1])


def read_set(folder: Path | None, name: str, aggregation: str = "mean") -> Table:
    """A set on its grid.

    Args:
        folder: folder of the files; `weather` needs none.
        name: name of the file without its ending, and where its intervals are to be longer, `@` and their length:
            `Tetuan@1h`. Where they are to be shorter, `finer` makes them. A `:` and a word behind the file's name choose
            series whose names have it: `Tetuan:Zone@1min`.
        aggregation: `mean` or `sum` of the values of a longer interval.

    Raises:
        SystemExit: the set is not there; says what to do.
    """
    rest, _, interval = name.partition("@")
    file, _, word = rest.partition(":")
    series, readings = read_file(WEATHER_FILE if file == WEATHER else _found(folder, file))
    own = int(np.min(np.diff(np.unique(readings.time))))
    length = parse_duration(interval) if interval else own
    table = to_table(series.names, readings, max(length, own), "sum" if aggregation == "sum" else "mean")
    if word:
        chosen = [row for row, name in enumerate(table.names) if word in name]
        if not chosen:
            sys.exit(f"no series of {file} has {word!r} in its name; there are {', '.join(table.names)}")
        table = table.take(chosen)
    return finer(table, length) if length < own else table


def finer(table: Table, interval: int) -> Table:
    """A table of shorter intervals: straight lines between the middles of the long ones, and the noise of a sensor.

    Args:
        table: values of long intervals.
        interval: length of the short ones, ns, of which a long one is a whole number.
    """
    parts = table.interval // interval
    middles = (np.arange(table.values.shape[1] * parts) + 0.5) / parts - 0.5
    random, places = np.random.default_rng(0), np.arange(table.values.shape[1])
    lines = np.stack([np.interp(middles, places, row) for row in table.values])
    noise = NOISE * np.nanstd(table.values, axis=1)[:, None] * random.normal(size=lines.shape)
    return replace(table, values=lines + noise, interval=interval)


def _found(folder: Path | None, name: str) -> Path:
    if folder is None:
        sys.exit(f"{name} is not part of this repository; name the folder of its file with --data")
    paths = [folder / f"{name}{ending}" for ending in (".csv", ".csv.xz", ".csv.gz")]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        source = next((f"; get it from {source}" for start, source in SOURCES.items() if name.startswith(start)), "")
        sys.exit(f"{folder} has no {name}.csv, .csv.xz or .csv.gz{source}")
    return path


def load(folder: Path | None, name: str, shares: Sequence[float] | None = None) -> Data:
    """A set with its parts.

    Args:
        folder: folder of the files.
        name: name of the set, as of `read_set`.
        shares: shares of the training, validation and test part; None: the published ones.

    Raises:
        SystemExit: the set is not there; says what to do.
    """
    return parted(name, read_set(folder, name), shares)


def parted(name: str, table: Table, shares: Sequence[float] | None = None) -> Data:
    """A table with its parts; as `load`."""
    if shares is None and name.startswith("ETT"):
        edges = np.cumsum(MONTHS) * (30 * DAY // table.interval)
    else:
        edges = np.round(np.cumsum(shares or SHARES) * table.values.shape[1]).astype(int)
    first, second, last = (int(edge) for edge in edges)
    table = replace(table, values=np.ascontiguousarray(table.values[:, :last]))
    split = Split(range(first), range(first, second), range(second, last))
    return Data(name, table, split, np.nanstd(table.values[:, :first], axis=1))


def prepared(data: Data, contract: Contract) -> Prepared:
    """What the product makes candidates from, with the parts of the set instead of the product's own."""
    table = data.table
    report = Report((), table.start, table.end, table.interval)
    return Prepared(table, contract, data.split, report, (), training_scale(table, data.split))


def history(table: Table, end: int, contract: Contract) -> Prepared:
    """The first columns of a table as the product prepares a history: checked, and split in its own way.

    Args:
        table: history and what comes after it.
        end: number of the first column that is not history.
        contract: contract of the models to come.
    """
    row, column = np.nonzero(np.isfinite(table.values[:, :end]))
    readings = Readings(row.astype(np.int32), table.start + column * table.interval, table.values[row, column])
    return prepare(SeriesTable(table.names), readings, contract)


def cuts(name: str, table: Table, weeks: Sequence[int], starts: int) -> list[Cut]:
    """Short histories out of a set, each followed by four weeks.

    Histories of every length end at the same moments, so that all of them are judged on the same facts.

    Args:
        name: name of the set.
        table: whole set.
        weeks: lengths of the histories.
        starts: number of moments, spread evenly over the set.

    Raises:
        SystemExit: the set is too short.
    """
    week, day = WEEK // table.interval, DAY // table.interval
    longest = max(LONGEST_WEEKS, *weeks)
    room = table.values.shape[1] - (longest + LIVE_WEEKS) * week
    if room < 0:
        sys.exit(f"{name} is too short for {longest} weeks of history and {LIVE_WEEKS} after them")
    histories = []
    for length in weeks:
        for number in range(starts):
            begin = longest * week + int(room * (number + 0.5) / starts) // day * day
            first = begin - length * week
            values = np.ascontiguousarray(table.values[:, first : begin + LIVE_WEEKS * week])
            part = replace(table, start=table.start + first * table.interval, values=values)
            histories.append(Cut(name, length, part, length * week))
    return histories


def gift_origins(table: Table) -> list[int]:
    """First columns of the windows that GIFT-Eval ("short") judges: the last ones of the set, one after the other."""
    end = table.values.shape[1]
    return [end - GIFT_HORIZON * number for number in range(GIFT_WINDOWS, 0, -1)]
