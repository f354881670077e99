"""A subscriber that is stopped in the end, and what it takes."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge.backoff import Backoff
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.messages.message import Message
from edge.threads import Died, raise_again
from tests.support.servers import HANGS_AFTER, wait_until

SESSION = Subscription("gateway", ["t/#"])
SOON = Backoff(0.01, 0.01)


@contextmanager
def subscribed(
    port: int,
    *,
    user: str | None = None,
    died: Died = raise_again,
    session: Subscription = SESSION,
    **options: object,
) -> Iterator[Subscriber]:
    """A subscriber that is stopped in the end."""
    address, subscription = Address("127.0.0.1", port, tls=False, user=user), session
    subscriber = Subscriber(address, subscription, **options)  # type: ignore[arg-type]
    subscriber.start(died)
    try:
        yield subscriber
    finally:
        subscriber.stop()


@contextmanager
def by_hand(*, session: Subscription = SESSION, **options: object) -> Iterator[tuple[Subscriber, socket.socket]]:
    """A subscriber whose broker is the test, and the connection that it made; options as of `Subscriber`."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subscribed(server.getsockname()[1], session=session, **options) as subscriber,  # type: ignore[arg-type]
    ):
        wire, _ = server.accept()
        with wire:
            yield subscriber, wire


def connected(subscriber: Subscriber) -> None:
    """Wait until the broker has taken the subscription."""
    wait_until(lambda: subscriber.problem is None, what="the subscription")


def take(subscriber: Subscriber, count: int, *, acknowledge: bool = True) -> list[Message]:
    """Exactly so many messages."""
    found: list[Message] = []
    end = time.monotonic() + HANGS_AFTER
    while len(found) < count and time.monotonic() < end:
        messages = subscriber.take(count - len(found), 0.2)
        if acknowledge:
            subscriber.acknowledge(messages)
        found += messages
    return found
