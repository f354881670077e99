"""Mutated payloads: a small share of what `benchmarks/payload_fuzz.py` sends (kind: poison messages, unaccounted messages)."""

from payload_fuzz import GROUPS, SAMPLES, Desk, run, shares


def test_no_mutated_payload_is_a_crash_or_without_a_count() -> None:
    """All formats, rules and presets, by a fixed seed; many payloads are still good, and many are not."""
    used = skipped = 0
    for name, share in shares(3000).items():
        desk, wrong = run(GROUPS[name], share, seed=1)
        assert wrong is None
        assert desk.counts["bad_message"] == 0
        used, skipped = used + desk.used, skipped + desk.skipped
    assert used + skipped == 3000
    assert min(used, skipped) > 500


def test_every_sample_is_good_as_it_is() -> None:
    """In the order in which they are sent; only a node's death holds nothing, and a state for which no rule has a number."""
    desk = Desk(SAMPLES)
    assert desk.take([(sample.topic, sample.payload) for sample in SAMPLES]) is None
    assert desk.counts == {"unwanted": 1, "bad_value": 2}
    assert desk.used == len(SAMPLES) - 1
