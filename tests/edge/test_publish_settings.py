"""`[publish]` as it is written."""

import pytest

from edge.errors import ConfigurationError
from edge.publish.settings import Publish


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Publish(topic="a/+"), "[publish] topic: expected levels without + and #, such as gatecast/{client_id}; got 'a/+'"),
        (Publish(topic="a//b"), "[publish] topic: expected levels"),
        (Publish(topic=""), "[publish] topic: expected levels"),
        (Publish(topic="$SYS/a"), "[publish] topic: expected levels"),
        (Publish(discovery="ha/#"), "[publish] discovery: expected levels without + and #, such as homeassistant"),
        (Publish(series=()), "[publish] series: expected at least one name"),
        (Publish(quantiles=2), "[publish] quantiles: expected an odd number"),
    ],
)
def test_what_no_broker_takes_is_refused(settings: Publish, words: str) -> None:
    """The message names the key and what was expected."""
    with pytest.raises(ConfigurationError) as caught:
        settings.check()
    assert str(caught.value).startswith(words)


def test_the_defaults_are_allowed() -> None:
    """So an empty section is enough."""
    Publish().check()


@pytest.mark.parametrize(
    ("wanted", "given", "levels"),
    [(None, 3, [0, 1, 2]), (None, 1, [0]), (1, 3, [1]), (3, 5, [0, 2, 4]), (5, 3, [0, 1, 2]), (5, 9, [0, 1, 4, 7, 8])],
)
def test_quantiles_are_taken_from_outside(wanted: int | None, given: int, levels: list[int]) -> None:
    """The median first, then the outermost pair, and so on inwards."""
    assert Publish(quantiles=wanted).levels(given) == levels


def test_series_are_chosen_by_name() -> None:
    """`*` stands for any characters; capital letters count."""
    settings = Publish(series=("freezer.*", "power"))
    assert [name for name in ("freezer.t", "power", "powers", "Power") if settings.wants(name)] == ["freezer.t", "power"]
