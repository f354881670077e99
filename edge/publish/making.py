"""What a configuration asks to publish: the publisher, the agent's will, and what it hears of Home Assistant."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.alerts.alerts import Alerts
from edge.broker.outgoing import Outgoing
from edge.contract.columns import SeriesTable
from edge.messages.message import Message
from edge.publish.alerts import Standing
from edge.publish.discovery import OFFLINE
from edge.publish.newest import Newest
from edge.publish.publisher import Publisher, Queue, Told, Way, status
from edge.publish.record import Record
from edge.publish.topics import Plan

FILE = "published.json"  # in the folder of [agent] state


class Broker(Protocol):
    """A session with a broker."""

    aside: Callable[[Message], bool] | None

    @property
    def outlet(self) -> Way:
        """Way for what is published."""

    @property
    def name(self) -> str:
        """Name of the session, and of the broker that has it."""


def will_of(plan: Plan) -> Outgoing | None:
    """The message that the broker publishes for an agent that is gone."""
    return status(plan.topics, OFFLINE) if plan.active else None


def births(plan: Plan, share: str | None) -> list[str]:
    """Filters of the messages with which Home Assistant says that it is there.

    Args:
        plan: plan of what is published.
        share: group that shares the messages of the agent: only one of it would hear, so that none does.
    """
    return [plan.topics.birth] if plan.discovers and share is None else []


def make_publisher(plan: Plan, broker: Broker, alerts: Alerts, series: SeriesTable, state: Path, told: Told) -> Publisher:
    """The publisher, which hears of the broker's messages first.

    Args:
        plan: plan of what is published.
        broker: session with the broker.
        alerts: alerts of the device, as they stand.
        series: the table of all series.
        state: folder for what outlives the process.
        told: functions that hear of what was done.
    """
    queue = Queue(Newest(plan.settings, series, told.replaced), Standing(alerts.standing()))
    publisher = Publisher(plan, queue, series, broker.outlet, Record(state / FILE, broker.name), told)
    broker.aside = publisher.aside
    return publisher
