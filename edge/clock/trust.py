"""How far our own clock can be trusted. No I/O: the caller passes the clocks and the times of the sensors.

A clock that is behind would make every reading a reading from the future, and one that is ahead closes intervals for good.
So it must prove itself before it condemns anything: a time service holds it right, or the sensors agree with it for a while.
"""

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from edge.contract.columns import Int64, extend
from edge.contract.times import LATEST, SECOND, iso

AHEAD = 600 * SECOND  # a sensor's clock may be ahead of ours by this much
STEP = 300.0  # seconds that the clock may gain or lose between two looks
STEADY = 600.0  # seconds without such a step, or of agreement with the sensors, after which the clock is believed
FEW = 3  # series; what fewer of them say counts only after that time
BUILT = 1_704_067_200 * SECOND  # 2024: before that a clock was never set
UNHEARD = np.iinfo(np.int64).min


class Trust:
    """What speaks for and against the clock.

    Args:
        log: function called with one line when the clock was set, or is behind the sensors.
        moment: seconds, monotonic, as in every call.
        newest: time of the last commit by our clock at that moment, ns UTC; 0 where it is not known.
        steady: seconds without a step, or of agreement, after which the clock is believed.
        event: whether the times of the readings alone count.
    """

    def __init__(
        self, log: Callable[[str], None], moment: float, *, newest: int = 0, steady: float = STEADY, event: bool = False
    ) -> None:
        self._log, self._newest, self._patience, self._event = log, newest, steady, event
        self._started = self._since = moment
        self.seen: tuple[int, float] | None = None
        self._passed = 0  # the moment of the last look, ns
        self._was_set = False
        self._synchronised = False
        self._sensors: Int64 = np.zeros(0, np.int64)  # per series, what its clock said at moment 0, ns UTC
        self._agreed: float | None = None  # since when most sensors agree with us
        self._behind = 0  # ns that most sensors are ahead of us
        self._lead = 0  # the same where it is little
        self._said = False

    def look(self, now: int, moment: float, *, synchronised: bool) -> None:
        """Notice when the clock is set, and compare it with the sensors.

        Args:
            now: ns UTC.
            moment: seconds, monotonic.
            synchronised: whether a time service holds it right.
        """
        gained = 0.0 if self.seen is None else (now - self.seen[0]) / SECOND - (moment - self.seen[1])
        self.seen, self._synchronised = (now, moment), synchronised
        self._passed = round(moment * SECOND)
        if abs(gained) > STEP:
            self._since, self._was_set, self._agreed = moment, True, None
            way = "ahead" if gained > 0 else "back"
            self._log(
                f"clock: it was set {way} by {timedelta(seconds=round(abs(gained)))}; "
                f"it closes no interval for {self._patience / 60:g} minutes"
            )
        self._weigh(now, moment)
        if self.proved:
            self._newest = now
        elif self._behind and not self._said:
            self._log("clock: it is behind the time of most sensors; their time counts until the clock is set")
        self._said = self._behind > 0

    def hear(self, series: int, time: int) -> None:
        """Note the time of a sensor. The newest one of each series counts; late readings tell nothing about the time.

        Args:
            series: index of the series.
            time: time of its reading, ns UTC.
        """
        if self.seen is None:
            return
        if series >= len(self._sensors):
            extend(self._sensors, series + 1, UNHEARD)
        self._sensors[series] = time - self._passed

    def _weigh(self, now: int, moment: float) -> None:
        sensors = self._sensors[self._sensors != UNHEARD]
        lead = sensors + (round(moment * SECOND) - now)
        lead = lead[lead >= -AHEAD]
        ahead = int((lead > AHEAD).sum())
        agreeing = len(lead) - ahead
        many = ahead >= FEW or moment - self._started >= self._patience
        self._behind = int(np.median(lead)) if ahead > agreeing and many else 0
        self._lead = int(min(max(np.median(lead), 0), AHEAD)) if len(lead) and not self._synchronised else 0
        if not agreeing or ahead > agreeing:
            self._agreed = None
        elif self._agreed is None:
            self._agreed = moment

    @property
    def steady(self) -> bool:
        """Whether the clock was not set for a while."""
        return self.seen is not None and self.seen[1] - self._since >= self._patience

    @property
    def calm(self) -> bool:
        """Whether the clock was not set since the start, or not for a while."""
        return self.steady or not self._was_set

    @property
    def proved(self) -> bool:
        """Whether a time ahead of ours is the sensor's mistake.

        A time service is believed unless the clock is older than what we have committed. The sensors are believed after
        a while, so that a queue of older readings that passes by a clock that is behind does not prove it.
        """
        if self.seen is None or not self.calm:
            return False
        now, moment = self.seen
        if self._synchronised and now + AHEAD >= self._newest:
            return True
        return self._agreed is not None and moment - self._agreed >= self._patience

    @property
    def latest(self) -> int:
        """The latest time that counts now, ns UTC: ahead of our clock by no more than usual, or of what most sensors say."""
        if self.seen is None:
            return 0
        return self.seen[0] + (0 if self.proved else self._behind) + AHEAD

    @property
    def common(self) -> int | None:
        """The time that our clock and most sensors agree on, ns UTC; None where it does not count, or has not proved itself.

        It is that of the clock where a time service holds it right, or else ahead of it by what most sensors are.
        """
        return self.seen[0] + self._lead if self.proved and self.seen is not None and not self._event else None

    @property
    def history(self) -> int:
        """The latest time to look for in the store, ns UTC: a clock that is older than what we have committed is behind."""
        if self.seen is None or self.seen[0] <= BUILT:
            return LATEST
        return self.latest if self.proved else max(self.latest, self._newest)

    def fault(self, reached: int) -> str | None:
        """What to say where intervals are closed that no clock can have reached that was right; None where all is well.

        In this run or an earlier one: every reading that comes would be too late, until the time is there. Nothing is said
        before the clock has been steady for a while, for a gateway that has just started may still wait for the time.

        Args:
            reached: end of the newest closed interval, ns UTC.
        """
        if self.seen is None or not self.steady or self.seen[0] <= BUILT or reached <= self.latest + AHEAD:
            return None
        ends = iso(reached), iso(self.seen[0])
        return f"clock: it has been ahead, up to {ends[0]}, and closed intervals; now it is {ends[1]}: all series start again"
