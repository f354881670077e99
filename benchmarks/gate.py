"""What the verdict is worth: how often it releases what is worse live, and how often it refuses what is better.

    python benchmarks/gate.py measure --data DIR --out cuts.jsonl

trains on many cuts of every set by the product's own way, and writes the errors of network, ridge and every baseline day by
day: on the training part (baselines alone), the validation part, the held-out part, and the four weeks after the history.
Runs that were measured before are not made again, so it can be stopped and gone on with.

    python benchmarks/gate.py simulate cuts.jsonl

prints what the rule of release and the one before it would have done on these cuts.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
from gate_cuts import GOLDEN, LENGTHS, Row, cuts, measure
from gate_simulation import table_of

from edge.contract.times import iso
from edge.errors import GatecastError
from pipeline.files.reading import read_file
from pipeline.processes.nursery import Nursery

FIRST = 0.1  # the first start, as a share of what the set has room for
WEATHER = Path(__file__).resolve().parent.parent / "flows" / "data" / "nyc-weather-2013.csv.xz"


def read_rows(path: Path) -> list[Row]:
    """The cuts that were measured, one line of JSON each."""
    if not path.is_file():
        return []
    return [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cuts are measured.

    Args:
        sets: names of the sets; empty: all.
        weeks: lengths of the histories.
        places: number of starts of each set and length.
        quick: whether no network is trained, and the ridge is the candidate.
    """

    sets: tuple[str, ...]
    weeks: tuple[int, ...]
    places: int
    quick: bool


def measure_all(folder: Path, out: Path, asked: Asked) -> None:
    """Measure the cuts that are not in the file yet, the first place of every set and length before the second."""
    done = {(row.set, row.weeks, row.start) for row in read_rows(out)}
    paths = {path.name.split(".")[0]: path for path in (*sorted(folder.glob("*.csv*")), WEATHER)}
    sets = {name: read_file(path) for name, path in paths.items() if name in (asked.sets or paths)}
    nursery = None if asked.quick else Nursery("pipeline.training.worker")
    try:
        for number in range(asked.places):
            for name, (series, readings) in sets.items():
                for cut in cuts(name, readings, asked.weeks, (FIRST + number * GOLDEN) % 1):
                    if (cut.set, cut.weeks, cut.start) in done:
                        continue
                    done.add((cut.set, cut.weeks, cut.start))
                    where = f"{cut.set}, {cut.weeks} weeks from {iso(cut.start)}"
                    try:
                        row = measure(cut, series, readings, nursery)
                    except GatecastError as error:
                        print(f"{where}: {error}", file=sys.stderr, flush=True)
                        continue
                    with out.open("ab") as file:
                        file.write(msgspec.json.encode(row) + b"\n")
                    print(f"{where}: trained in {row.seconds:.0f} s", file=sys.stderr, flush=True)
    finally:
        if nursery is not None:
            nursery.close()


def main() -> None:
    """Measure or simulate, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="train on every cut and write its errors")
    measuring.add_argument("--data", type=Path, required=True, help="folder of the CSV files")
    measuring.add_argument("--out", type=Path, required=True, help="file for the cuts, one line of JSON each")
    measuring.add_argument("--sets", nargs="+", default=(), help="names of files; default: all, and the demo's weather")
    measuring.add_argument("--weeks", nargs="+", type=int, default=LENGTHS, help="lengths of the histories; default: 2 4 8 26")
    measuring.add_argument("--places", type=int, default=2, help="starts of each set and length; default: 2")
    measuring.add_argument("--quick", action="store_true", help="train no network: the ridge is the candidate")
    simulating = commands.add_parser("simulate", help="print what the rules would have done")
    simulating.add_argument("cuts", type=Path, help="file that measure has written")
    options = parser.parse_args()
    if options.command == "simulate":
        print(table_of(read_rows(options.cuts)), end="")
        return
    asked = Asked(tuple(options.sets), tuple(options.weeks), options.places, options.quick)
    measure_all(options.data, options.out, asked)


if __name__ == "__main__":
    main()
