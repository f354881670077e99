"""How long the agent's intake takes for a plain JSON message, beside an earlier version of this repository.

    python benchmarks/intake_speed.py --against eff05c9

unpacks the earlier version into a temporary folder and times both in turn, each in a process of its own; the time of the
thread counts, so other work on the machine does not, and the best of many batches.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOW = 1_768_478_400 * 10**9  # 2026-01-15T12:00:00Z
BATCH = 4000  # messages
PAYLOADS = {"Unix time": b'{"value": 21.5, "time": 1768478400}', "ISO time": b'{"value": 21.5, "time": "2026-01-15T12:00:00Z"}'}


def make_intake() -> Any:  # noqa: ANN401 - of whichever version is on the path
    """An intake with one rule, of this or of an earlier version."""
    from edge.clock.trust import Trust  # noqa: PLC0415 - the version to measure is chosen by the path
    from edge.contract.columns import SeriesTable  # noqa: PLC0415
    from edge.log import Grumbler  # noqa: PLC0415
    from edge.messages import ingest  # noqa: PLC0415
    from edge.messages.intake import Intake  # noqa: PLC0415

    make: Any = ingest.Ingest
    if hasattr(ingest, "Naming"):
        naming: Any = ingest.Naming
        rule = make("sensors/{site}/{device}/{metric}")
    else:
        from edge.messages.reading import Naming as naming  # noqa: N813, PLC0415
        from edge.messages.rule import IngestRule  # noqa: PLC0415

        rule = make(IngestRule("sensors/{site}/{device}/{metric}"))
    trust = Trust(lambda _: None, 0.0)
    trust.look(NOW, 0.0, synchronised=True)
    return Intake(
        naming(SeriesTable(), [rule], 10_000),
        count=lambda _kind, _number: None,
        arrival=lambda _mid: None,
        grumbler=Grumbler(lambda _: None),
        trust=trust,
    )


def microseconds(payload: bytes, rounds: int) -> float:
    """Microseconds per message, of the quickest of so many batches."""
    from edge.messages.message import Message  # noqa: PLC0415 - as above

    intake, best = make_intake(), float("inf")
    messages = [Message(f"sensors/s/{number % 200}/t", payload, NOW, False, number, 1, 1) for number in range(BATCH)]
    for _ in range(rounds):
        start = time.thread_time()
        intake.take(messages)
        best = min(best, time.thread_time() - start)
    return best / BATCH * 1e6


def measured(tree: Path, rounds: int) -> list[float]:
    """Microseconds per message of the version in a folder, for each payload."""
    line = [sys.executable, __file__, "--rounds", str(rounds), "--here"]
    answer = subprocess.run(line, env={**os.environ, "PYTHONPATH": str(tree)}, check=True, capture_output=True, text=True)
    return [float(number) for number in answer.stdout.split()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", default="HEAD", help="the earlier version, as git names it")
    parser.add_argument("--rounds", type=int, default=40, help="batches, of which the quickest counts")
    parser.add_argument("--turns", type=int, default=3, help="turns of both versions")
    parser.add_argument("--here", action="store_true", help="measure what is on the path, and print the numbers alone")
    options = parser.parse_args()
    if options.here:
        print(*(microseconds(payload, options.rounds) for payload in PAYLOADS.values()))
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", options.against, "edge"], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        turns = [(measured(Path(folder), options.rounds), measured(ROOT, options.rounds)) for _ in range(options.turns)]
    print(f"{'payload':12}{'then µs':>10}{'now µs':>10}{'ratio':>8}")
    for number, name in enumerate(PAYLOADS):
        then, now = (min(turn[side][number] for turn in turns) for side in (0, 1))
        print(f"{name:12}{then:10.2f}{now:10.2f}{now / then:8.2f}")


if __name__ == "__main__":
    main()
