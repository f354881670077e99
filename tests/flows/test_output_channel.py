"""What is said of a channel that names another version."""

from flows.output.channel import channel_document, channel_text


def test_a_version_named_anew_is_told_apart_from_one_named_first() -> None:
    """Agents that refused a version try it again only when it is named anew."""
    first, again = channel_text("live", "v"), channel_text("live", "v", again=True)
    assert first == "channel live names v; agents take it at their next look"
    assert again == "channel live named v already and names it anew: agents that refused it try it again"


def test_the_document_has_channel_and_version() -> None:
    """Whether the version was named before is not in it: the channel's file says so."""
    assert channel_document("live", "v") == {"channel": "live", "version": "v"}
