"""The clocks of this machine."""

from edge.clock.clocks import CLOCKS, synchronised
from edge.contract.times import DAY


def test_the_clocks_of_this_machine_can_be_read() -> None:
    """Whether a time service is at work here or not, asking for it fails nowhere."""
    assert synchronised() in (True, False)
    assert CLOCKS.synchronised() in (True, False)
    assert CLOCKS.now() > 50 * 365 * DAY
    assert CLOCKS.moment() <= CLOCKS.moment()
