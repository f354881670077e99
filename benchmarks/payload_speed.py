"""How long the agent's intake takes for a message, per format.

    python benchmarks/payload_speed.py

takes each sample of `payload_fuzz.py` as it is, 500 at a time, and prints bytes, readings and microseconds per message; the
best of several rounds counts, as the machine has other work too.
"""

import argparse
import time

from payload_fuzz import SAMPLES, Desk, Sample, with_rules

BATCH = 500  # messages


def microseconds(sample: Sample, rounds: int) -> tuple[float, float]:
    """Readings, and microseconds, per message.

    Args:
        sample: payload, its topic and the rules.
        rounds: number of batches, of which the quickest counts.
    """
    desk, batch = Desk(with_rules(sample)), [(sample.topic, sample.payload)] * BATCH
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        desk.take(batch)
        best = min(best, time.perf_counter() - start)
    return desk.readings / (rounds * BATCH), best / BATCH * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="number of batches per sample")
    options = parser.parse_args()
    print(f"{'sample':24}{'bytes':>8}{'readings':>10}{'µs/message':>12}{'µs/reading':>12}")
    for sample in SAMPLES:
        readings, cost = microseconds(sample, options.rounds)
        each = f"{cost / readings:12.1f}" if readings else f"{'-':>12}"
        print(f"{sample.name:24}{len(sample.payload):8}{readings:10.1f}{cost:12.1f}{each}")


if __name__ == "__main__":
    main()
