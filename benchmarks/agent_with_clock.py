"""`gatecast-agent run` on a device whose clock is behind by some seconds, and which no time service sets.

python benchmarks/agent_with_clock.py 10800 run --config gatecast.toml
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

from edge.agent.build import build, outside_of
from edge.agent.stopping import Lifetime
from edge.clock.clocks import Clocks
from edge.config.reading import read_config
from edge.locking import alone_in


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("behind", type=int, help="seconds")
    parser.add_argument("command", choices=("run",))
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args()
    config = read_config(options.config)

    def log(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    clocks = Clocks(now=lambda: time.time_ns() - options.behind * 1_000_000_000, synchronised=lambda: False)
    lifetime = Lifetime(log)
    with alone_in(Path(config.agent.state)):
        return lifetime.spend(lambda: build(config, replace(outside_of(config, log, lifetime.died), clocks=clocks)))


if __name__ == "__main__":
    sys.exit(main())
