"""What is kept of a broker's messages has a limit, whatever is published."""

from hypothesis import given
from hypothesis import strategies as st

from edge.messages.formats.payload import LARGEST_PAYLOAD
from pipeline.samples.heard import Heard, Limits


def test_messages_are_counted_and_their_samples_are_the_first_and_the_last() -> None:
    """Half of them from the beginning, half from the end; live and retained ones are counted apart."""
    heard = Heard(Limits(samples=4))
    heard.hear("a", b"0", 0, retained=True)
    for number in range(1, 10):
        heard.hear("a", str(number).encode(), number, retained=False)
    topic = heard.topics["a"]
    assert [sample.payload for sample in topic.samples] == [b"0", b"1", b"8", b"9"]
    assert [sample.payload for sample in topic.live_samples] == [b"1", b"8", b"9"]
    assert (topic.live, topic.retained, heard.messages) == (9, 1, 10)


def test_topics_of_the_broker_itself_stand_apart() -> None:
    """`$SYS` is no device."""
    heard = Heard()
    heard.hear("$SYS/broker/uptime", b"1", 0, retained=True)
    assert (len(heard.topics), len(heard.system), heard.messages) == (0, 1, 0)


def test_topics_beyond_the_limit_are_counted_only() -> None:
    """The number of their messages is told."""
    heard = Heard(Limits(topics=2))
    for name in "abcab":
        heard.hear(name, b"1", 0, retained=False)
    assert (sorted(heard.topics), heard.further, heard.messages) == (["a", "b"], 1, 5)


def test_what_is_too_large_for_a_reading_is_not_kept() -> None:
    """It is counted."""
    heard = Heard()
    heard.hear("a", bytes(LARGEST_PAYLOAD + 1), 0, retained=False)
    assert (heard.topics["a"].too_large, heard.topics["a"].samples) == (1, [])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60)), max_size=200))
def test_samples_never_take_more_than_their_limits(messages: list[tuple[str, int]]) -> None:
    """Neither those of a topic, but for one that is large by itself, nor all together."""
    limits = Limits(topics=4, samples=5, topic_bytes=50, all_bytes=120)
    heard = Heard(limits)
    for name, size in messages:
        heard.hear(name, bytes(size), 0, retained=False)
    sizes = [[len(sample.payload) for sample in topic.samples] for topic in heard]
    assert len(sizes) <= limits.topics
    assert sum(map(sum, sizes)) <= limits.all_bytes
    assert all(len(row) <= limits.samples and sum(row) <= max(limits.topic_bytes, max(row, default=0)) for row in sizes)
