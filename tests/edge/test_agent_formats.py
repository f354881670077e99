"""What a format asks for goes out, and what it has to remember survives the agent (kind: a success is assumed, not checked)."""

import sqlite3
from pathlib import Path

import msgspec

from edge.messages.message import Message
from edge.messages.rule import IngestRule
from edge.spool.spool import Commit
from edge.spool.tables import seal
from tests.support.payloads import sparkplug
from tests.support.scripted_agent import Bench, script_of, spool_of

NODE = "spBv1.0/Plant/N{}/Line"
COMMAND = "spBv1.0/Plant/NCMD/Line"
BIRTH = sparkplug(0, {"name": "Temperature", "alias": 1, "datatype": 9, "float_value": 21.5})


def bench_of(folder: Path) -> Bench:
    """A device that hears Sparkplug, and keeps readings only."""
    bench = Bench(folder)
    bench.config = msgspec.structs.replace(bench.config, ingest=(IngestRule("spBv1.0/#", format="sparkplug"),))
    return bench


def heard(bench: Bench, kind: str, payload: bytes) -> list[Message]:
    """A message of the node that comes now."""
    return [Message(NODE.format(kind), payload, bench.now, retained=False, mid=0, qos=0, session=1)]


def data(bench: Bench, sequence: int, value: float, minutes: int) -> list[Message]:
    """A temperature by its number, so many minutes after the birth."""
    moment = bench.now // 1_000_000 - 3_600_000 + minutes * 60_000
    return heard(bench, "DATA", sparkplug(sequence, {"alias": 1, "float_value": value, "timestamp": moment}))


def values(bench: Bench) -> list[float]:
    """Values in the store."""
    bench.drain()
    return sorted(row[0] for row in bench.stored()["reading"].values())


def test_data_without_a_birth_asks_for_one(tmp_path: Path) -> None:
    """Once, with one line; the birth explains what comes after it."""
    bench = bench_of(tmp_path)
    agent = bench.run(data(bench, 7, 1.0, 0), heard(bench, "BIRTH", BIRTH), data(bench, 1, 22.5, 1))
    assert script_of(agent).published == [COMMAND]
    assert bench.lines("its birth is asked for") == 1
    assert values(bench) == [21.5, 22.5]


def test_a_birth_survives_the_agent(tmp_path: Path) -> None:
    """Data is read on where the sequence goes on; where a message is missing the next agent asks."""
    bench = bench_of(tmp_path)
    bench.run(heard(bench, "BIRTH", BIRTH), data(bench, 1, 22.5, 1))
    assert script_of(bench.run(data(bench, 2, 23.5, 2))).published == []
    assert script_of(bench.run(data(bench, 4, 24.5, 3))).published == [COMMAND]
    assert values(bench) == [21.5, 22.5, 23.5]


def test_a_birth_survives_a_damaged_spool(tmp_path: Path) -> None:
    """What is known goes into the new one as a whole."""
    bench = bench_of(tmp_path)
    agent = bench.agent()

    def damage() -> None:
        spool_of(agent).before_commit = lambda: None
        raise sqlite3.DatabaseError("database disk image is malformed")

    script_of(agent).steps = [
        heard(bench, "BIRTH", BIRTH),
        lambda: setattr(spool_of(agent), "before_commit", damage),
        data(bench, 1, 22.5, 1),
    ]
    agent.run()
    assert bench.lines("damaged") == 1
    assert script_of(bench.run(data(bench, 2, 23.5, 2))).published == []


def test_what_cannot_be_read_back_is_said(tmp_path: Path) -> None:
    """The agent starts without it, and asks."""
    bench = bench_of(tmp_path)
    bench.run(heard(bench, "BIRTH", BIRTH))
    spool = sqlite3.connect(Path(bench.config.agent.state, "spool.db"))
    spool.create_function("seal_of", 2, seal)
    spool.execute("UPDATE format SET data = X'7B', seal = seal_of(key, X'7B')")
    spool.commit()
    spool.close()
    assert script_of(bench.run(data(bench, 1, 22.5, 1))).published == [COMMAND]
    assert bench.lines("what format sparkplug knew of earlier messages cannot be used") == 1


def test_a_unit_behind_numbers_survives_the_agent(tmp_path: Path) -> None:
    """1.2 kW after a restart is no 1.2 W."""
    bench = Bench(tmp_path)
    bench.config = msgspec.structs.replace(bench.config, ingest=(IngestRule("p/{device}", format="plain", suffix=True),))

    def power(text: str) -> list[Message]:
        return [Message("p/a", text.encode(), bench.now, retained=False, mid=0, qos=0, session=1)]

    bench.run(power("200 W"))
    bench.run(power("1.2 kW"))
    assert values(bench) == [200.0]
    assert bench.lines("expected 'W' behind the number as before") == 1


def test_what_was_learnt_survives_an_agent_that_is_stopped_while_its_disk_is_full(tmp_path: Path) -> None:
    """There is room again when it ends: the message that taught it is acknowledged then, and never comes again."""
    bench = Bench(tmp_path)
    bench.config = msgspec.structs.replace(bench.config, ingest=(IngestRule("p/{device}", format="plain", suffix=True),))
    power = Message("p/a", b"200 W", bench.now, retained=False, mid=1, qos=1, session=1)
    agent = bench.agent()
    left = 1

    def full() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise sqlite3.OperationalError("database or disk is full")

    spool_of(agent).before_commit = full
    agent.parts.intake.take([power])
    agent.parts.stop.ask()
    for _ in range(2):
        agent.parts.committer.commit(Commit(), [power] if left == 1 else [])
    assert script_of(agent).acknowledged == [power]
    assert dict(agent.parts.spool.formats()) == {"units:a": b"W"}
    agent.parts.spool.close()
