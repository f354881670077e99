"""What `gatecast promote` and `gatecast rollback` tell."""


def channel_text(channel: str, version: str, *, again: bool = False) -> str:
    """One line that says what a channel names now, and what agents do.

    Args:
        channel: name of the channel.
        version: version that the channel names now.
        again: whether it named this version before.
    """
    if again:
        return f"channel {channel} named {version} already and names it anew: agents that refused it try it again"
    return f"channel {channel} names {version}; agents take it at their next look"


def channel_document(channel: str, version: str) -> dict[str, object]:
    """The same as data."""
    return {"channel": channel, "version": version}
