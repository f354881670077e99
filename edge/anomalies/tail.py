"""How rare the largest numbers of each series are, from the largest ones it had: peaks over a threshold. No I/O.

Beyond a high threshold the excess of almost any kind of number is about exponential (Pickands 1975), so a few of the largest
tell the whole tail (Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017). With the K largest of
n numbers, u the smallest of these and b the mean excess of the others over u,

    P(X > x) = (K - 1) / n * exp(-(x - u) / b)    for x > u.
"""

import numpy as np

from edge.contract.columns import Float32, Float64, Int32, Int64, extend, shrink

LARGEST = 16  # numbers that are kept of each series
LEAST_EXCESS = 0.05  # of a mean excess: what differs by less is the same
FREE = -1.0  # where no number is kept


class Tail:
    """The largest numbers of each series; all are 0 or above.

    Args:
        most: numbers after which the half of all that is known is forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.largest: Float32 = np.zeros((0, LARGEST), np.float32)
        self.count = np.zeros(0, np.int32)

    def grow(self, series: int) -> None:
        """Make room for so many series."""
        extend(self.largest, series, FREE)
        extend(self.count, series, 0)

    def keep(self, series: Int32) -> None:
        """Keep some series alone; each gets its place among these as its index."""
        shrink(self.largest, series)
        shrink(self.count, series)

    def beyond(self, series: Int32, number: Float64) -> Float64:
        """Probability of a number above these, float64 `[n]`; 1 where it is not above the threshold, and so not rare.

        Args:
            series: index of each, int32 `[n]`.
            number: float64 `[n]`.
        """
        threshold, excess, share = self._fit(series)
        above = np.maximum(number.astype(np.float32) - threshold, 0)
        with np.errstate(under="ignore"):
            return np.where(above > 0, share * np.exp(-above / excess), 1.0)

    def level(self, series: Int32, probability: float) -> Float64:
        """The number that is exceeded with a probability, the threshold at least, float64 `[n]`."""
        threshold, excess, share = self._fit(series)
        return threshold + excess * np.log(np.maximum(share / probability, 1.0))

    def add(self, series: Int32, number: Float64) -> None:
        """Take one number of each of these series, int32 `[n]` and float64 `[n]`; no series twice."""
        top, small = self.largest[series], number.astype(np.float32)
        slot = top.argmin(axis=1)  # one that is free, or that of the threshold
        threshold = np.where(top == FREE, np.float32(np.inf), top).min(axis=1)
        taken = (self.count[series] < LARGEST) | (small > threshold)
        self.largest[series[taken], slot[taken]] = small[taken]
        self.count[series] += 1
        old = series[self.count[series] >= self._most]
        if len(old):
            self._halve(old)

    def _fit(self, series: Int32) -> tuple[Float64, Float64, Float64]:
        """Threshold, mean excess over it, and share of the numbers above it, float64 `[n]` each."""
        top = self.largest[series].astype(np.float64)
        free = top == FREE
        others = np.maximum(LARGEST - free.sum(axis=1) - 1, 1)
        threshold = np.where(free, np.inf, top).min(axis=1)
        excess = np.where(free, 0.0, top - threshold[:, None]).sum(axis=1) / others
        return threshold, np.maximum(excess, LEAST_EXCESS), others / np.maximum(self.count[series], 1)

    def _halve(self, series: Int32) -> None:
        """Forget every second of the largest, the threshold stays; only what is above it is taken from then on."""
        top = np.sort(self.largest[series], axis=1)
        rank: Int64 = np.arange(LARGEST) - (top == FREE).sum(axis=1)[:, None]
        self.largest[series] = np.where((rank >= 0) & (rank % 2 == 0), top, np.float32(FREE))
        self.count[series] //= 2
