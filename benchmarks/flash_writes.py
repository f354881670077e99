"""How much the agent writes to its disk at the pace of real sensors, for several settings of `[agent] commit`.

    python benchmarks/flash_writes.py

lets 200 series publish a reading a minute, spread over the minute, for five minutes, to one agent for each setting. They
close intervals of a quarter of an hour. Printed are the bytes that the agent's process caused to be written to the disk
(`write_bytes` of the kernel) for each reading and by the day. The state folder must lie on a disk; in memory (tmpfs) nothing is
counted.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from agent_memory import a_store

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from tests.support.agent_process import Running, baseline_bundle, configure, hang_up, publisher, release, running
from tests.support.servers import Mosquitto

DAY = 86_400


def written(agent: Running) -> int:
    """Bytes that the process caused to be written to the disk."""
    text = Path(f"/proc/{agent.process.process.pid}/io").read_text()
    return int(text.split("\nwrite_bytes:")[1].split()[0])


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="number of series (default 200)")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two readings of a series (default 60)")
    parser.add_argument("--seconds", type=float, default=300.0, help="length of the measurement (default 300)")
    parser.add_argument("--commit", nargs="*", default=("0s", "2s", "5s"), help="settings of [agent] commit")
    parser.add_argument("--store", choices=("sqlite", "influxdb"), default="influxdb", help="(default influxdb)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="folder on the disk to measure (default: that for temporary files)"
    )
    options = parser.parse_args()
    bundle = baseline_bundle(Contract(900 * SECOND, 96, 24))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatecast-", dir=options.folder)))
        broker = stack.enter_context(Mosquitto(folder / "mosquitto"))
        agents = {}
        for setting in options.commit:
            (home := folder / setting).mkdir()
            url = stack.enter_context(a_store(options.store, home))
            config = configure(
                home, broker.url, url, release(home / "registry", bundle), commit=setting, report="10s", clock="wall"
            )
            agents[setting] = stack.enter_context(running(config))
        client = publisher(broker.port)
        count = publish(client, options.series, options.every, 20.0)
        before = {setting: written(agent) for setting, agent in agents.items()}
        count = publish(client, options.series, options.every, options.seconds)
        hang_up(client)
        print(f"{options.series} series, a reading every {options.every:g} s, {count} readings; {options.store}")
        print(f"{'commit':<10}{'kB/reading':>12}{'GB/day':>10}")
        for setting, agent in agents.items():
            share = (written(agent) - before[setting]) / count
            daily = share * options.series * DAY / options.every
            print(f"{setting:<10}{share / 1e3:>12.1f}{daily / 1e9:>10.2f}")


def publish(client: object, series: int, every: float, seconds: float) -> int:
    """Publish at the pace of real sensors; returns the number of readings."""
    start, count = time.monotonic(), 0
    while (passed := time.monotonic() - start) < seconds:
        if count * every / series <= passed:
            name = f"sensors/d{count % series}/t"
            client.publish(name, f'{{"time": {time.time_ns()}, "value": {20 + count % 7}}}', qos=1)  # type: ignore[attr-defined]
            count += 1
        else:
            time.sleep(0.01)
    return count


if __name__ == "__main__":
    main()
