"""How long to wait before the next try: random, so that a fleet that lost the same server does not come back in step.

Full jitter, as in "Exponential Backoff And Jitter" (M. Brooker, AWS Architecture Blog, 2015):
uniform(0, min(longest, first * 2 ** (failures - 1))).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

JUST_BOOTED = 300.0  # seconds since the machine started: an agent that starts by then was started by the machine


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between tries.

    Args:
        first: longest wait after the first failure, seconds; each failure more doubles it.
        longest: longest wait of all, seconds.
        random: function that gives a number in 0…1.
    """

    first: float
    longest: float
    random: Callable[[], float] = random.random

    def wait(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row, 1 or more."""
        return self.random() * min(self.longest, self.first * 2.0 ** min(failures - 1, 60))


def start_wait(moment: float, phase: Backoff) -> float:
    """Seconds to wait before the channel and the store are asked: none for an agent that was started by hand.

    Args:
        moment: seconds since the machine started.
        phase: the wait of an agent that was started by its machine.
    """
    return phase.wait(1) if moment < JUST_BOOTED else 0.0
