"""A message with several readings is one commit and one acknowledgement, and the counters of messages add up.

The kind of fault: that one message is one reading is built into intake, arrivals and acknowledgement.
"""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge.agent.counters import Counter
from edge.messages.message import Message
from edge.messages.rule import IngestRule
from tests.support.scripted_agent import MINUTE, Bench, script_of

RULES = (
    IngestRule("zigbee2mqtt/{device}", "{device}.temperature", value="temperature", time=""),
    IngestRule("zigbee2mqtt/{device}", values={"hum": "humidity", "bat": "battery"}, time=""),
    IngestRule("plc/{host}", "{host}.{$.id}", each="values", value="v", time="t"),
)
ZIGBEE = b'{"battery":97,"humidity":45.07,"temperature":21.58}'


def bench_of(folder: Path) -> Bench:
    """A device without a bundle, with three rules."""
    bench = Bench(folder)
    bench.config = msgspec.structs.replace(bench.config, ingest=RULES)
    return bench


def rows(bench: Bench) -> dict[tuple[str, int], float]:
    """Values in the store by series and minutes before now."""
    bench.drain()
    return {(series, (bench.now - time) // MINUTE): value for (series, time, _), (value,) in bench.stored()["reading"].items()}


def test_all_readings_of_a_message_are_stored_and_it_is_acknowledged_once(tmp_path: Path) -> None:
    """Also where its time is that of its arrival and it comes again after a restart: each reading is there once."""
    bench = bench_of(tmp_path)
    moment = (bench.now - 3 * MINUTE) // 10**6
    walked = b'{"values":[{"id":"T1","v":63.5,"t":%d},{"id":"T2","v":7,"t":%d},{"id":"T3","v":null,"t":1}]}' % (moment, moment)
    zigbee = Message("zigbee2mqtt/Room One", ZIGBEE, bench.now - 2 * MINUTE, retained=False, mid=1, qos=1, session=1)
    messages = [zigbee, replace(zigbee, topic="plc/gw", payload=walked, mid=2), replace(zigbee, payload=b"{}", mid=3)]
    agent = bench.run(messages)
    assert script_of(agent).acknowledged == messages
    total = agent.parts.counters.total
    assert [total(counter) for counter in (Counter.MESSAGES, Counter.MESSAGES_USED, Counter.MESSAGES_SKIPPED)] == [3, 2, 1]
    assert (total(Counter.READINGS), total(Counter.SKIPPED_BAD_VALUE), total(Counter.SKIPPED_NO_VALUE)) == (5, 1, 1)
    bench.now += MINUTE
    bench.run([replace(zigbee, arrival=bench.now, dup=True)])
    assert rows(bench) == {
        ("Room One.temperature", 3): 21.58,
        ("Room One.hum", 3): 45.07,
        ("Room One.bat", 3): 97.0,
        ("gw.T1", 4): 63.5,
        ("gw.T2", 4): 7.0,
    }
