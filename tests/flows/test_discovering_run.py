"""Nothing heard is no success (kind K1)."""

import pytest

from edge.config.sections import Mqtt
from edge.errors import BrokerError
from flows.discovering.run import discovered
from tests.support.servers import Mosquitto


@pytest.mark.servers
def test_a_silent_broker_is_an_error_with_advice(mosquitto: Mosquitto) -> None:
    """Its own topics do not count."""
    said: list[str] = []
    with pytest.raises(BrokerError, match=r"heard nothing from mqtt://127.0.0.1:\d+ in .*--seconds 300"):
        discovered(Mqtt(mosquitto.url), ["#"], 0.2, said.append)
    assert said == [f"listening to {mosquitto.url} for 0.2 s; Ctrl-C ends it early"]
