"""What was measured, in words and as JSON types."""

import json
from dataclasses import replace

from edge.bench.course import Outcome
from edge.bench.device import Load
from edge.bench.report import Report
from edge.bench.stages import Stage
from edge.contract.times import SECOND

RUN = Outcome(
    readings=10_000,
    cpu={stage.name.lower(): 2.5 for stage in Stage},
    seconds=1.0,
    stored=2.0,
    waits=(0.008, 0.0117),
    visible=None,
    forecasts=(100.0, 0.0),
    resident=(50.0, 60.0),
    first_forecast=1.0,
)
REPORT = Report(
    device="Python 3.11.7 on aarch64, 4 cores, ai-edge-litert 2.3.0",
    bundle="bundle 1: gru, interval 15min, looks back 7d, ahead 1d",
    store="sqlite",
    load=Load(1200, 30),
    interval=900 * SECOND,
    speed=RUN,
    rate=10_000,
    latency=RUN,
    memory={100: (51.2, 60.0), 1000: (66.0, 70.0)},
    refused=[],
    restart=0.93,
)


def test_a_person_reads_what_to_make_of_it() -> None:
    """The device's readings a second beside those of the fleet."""
    text = "\n".join(REPORT.lines())
    assert "together      20.0 µs  50,000 readings a second and core" in text
    assert "rows go to SQLite" in text
    assert "100 series 51 MB; 1,000 series 66 MB" in text
    assert "half are on the disk within 8 ms, 99 % within 12 ms" in text
    assert "0.9 s from the start" in text
    assert text.endswith(
        "This device takes 5,000 readings a second.\n1,200 sensors send 20.0 with a reading each a minute,\n"
        "and 40.0 with 30 readings each in 15min."
    )


def test_what_the_device_cannot_do_is_said_with_what_to_do() -> None:
    """Too many readings, a rate that it does not keep up with, a bundle that is too large."""
    late = replace(
        REPORT, interval=10 * SECOND, refused=[10_000], latency=Outcome(10_000, {}, 1.6, 2.0, None, None, (1, 0), (1, 1), 1)
    )
    text = "\n".join(late.lines())
    for words in (
        "more than half of what it takes",
        "smaller --rate",
        "10,000 series: the bundle needs more",
        "shorter window",
    ):
        assert words in text
    assert "latency   at" not in text
    assert "made for influxdb and dropped" in replace(REPORT, store="influxdb").lines()[3]


def test_a_program_reads_numbers_with_their_units() -> None:
    """JSON types only."""
    document = json.loads(json.dumps(REPORT.document()))
    assert document["readings_per_second_per_core"] == 50_000
    assert document["readings_per_second"] == 5000
    assert document["cpu_microseconds_per_reading"]["intake"] == 2.5
    assert document["memory_megabytes"] == {"100": {"resident": 51.2, "peak": 60.0}, "1000": {"resident": 66.0, "peak": 70.0}}
    assert (document["commit_seconds_p50"], document["commit_seconds_p99"]) == (0.008, 0.0117)
    assert document["restart_seconds"] == 0.93
