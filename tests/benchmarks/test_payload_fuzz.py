"""Mutated payloads: a small share of what `benchmarks/payload_fuzz.py` sends (kind: poison messages, unaccounted messages)."""

from payload_fuzz import SAMPLES, Desk, run


def test_no_mutated_payload_is_a_crash_or_without_a_count() -> None:
    """All formats and rules, by a fixed seed; some payloads are still good, and some of every format are."""
    desk, wrong = run(SAMPLES, 3000, seed=1)
    assert wrong is None
    assert desk.used + desk.skipped == 3000
    assert min(desk.used, desk.skipped) > 500
    assert desk.counts["bad_message"] == 0


def test_every_sample_is_good_as_it_is() -> None:
    """In the order in which they are sent; only a node's death holds nothing, and a state for which no rule has a number."""
    desk = Desk(SAMPLES)
    assert desk.take([(sample.topic, sample.payload) for sample in SAMPLES]) is None
    assert desk.counts == {"unwanted": 1, "bad_value": 2}
    assert desk.used == len(SAMPLES) - 1
