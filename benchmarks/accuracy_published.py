"""Published figures that stand beside ours in the tables of `benchmarks/accuracy_tables.py`. None of them was run here."""

from dataclasses import dataclass

DUET = "Qiu et al., DUET, KDD 2025"
XPATCH = "Stitsyuk and Choi, xPatch, AAAI 2025"
SEGRNN = "Lin et al., SegRNN, 2023"
GIFT_EVAL = "table of GIFT-Eval (Aksu et al., 2024)"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of others.

    Args:
        set: name of the set.
        horizon: intervals ahead.
        method: name of the method.
        first: mean squared error, or weighted quantile loss.
        second: mean absolute error, or MASE.
        source: paper or table.
    """

    set: str
    horizon: int
    method: str
    first: float
    second: float
    source: str


# Test parts as here, with the last batch: many published figures leave it out, and are some per cent too good.
WHOLE = (
    Published("ETTh1", 96, "DUET", 0.352, 0.384, DUET),
    Published("ETTh1", 96, "SegRNN", 0.351, 0.392, SEGRNN),
    Published("ETTh1", 96, "xPatch", 0.363, 0.390, XPATCH),
    Published("ETTm1", 96, "DUET", 0.279, 0.333, DUET),
    Published("ETTm1", 96, "xPatch", 0.287, 0.330, XPATCH),
    Published("ETTm1", 96, "SegRNN", 0.293, 0.354, SEGRNN),
)
# Weighted quantile loss and MASE.
GIFT = (
    Published("ett1/H", 48, "TiRex (35 M parameters)", 0.176, 0.817, GIFT_EVAL),
    Published("ett1/H", 48, "Chronos-bolt-small", 0.189, 0.834, GIFT_EVAL),
    Published("ett1/H", 48, "PatchTST", 0.190, 0.893, GIFT_EVAL),
    Published("ett1/H", 48, "DeepAR", 0.233, 1.06, GIFT_EVAL),
    Published("ett1/H", 48, "seasonal naive", 0.240, 0.977, GIFT_EVAL),
    Published("ett1/15T", 48, "TiRex (35 M parameters)", 0.161, 0.709, GIFT_EVAL),
    Published("ett1/15T", 48, "Chronos-bolt-small", 0.169, 0.704, GIFT_EVAL),
    Published("ett1/15T", 48, "PatchTST", 0.191, 0.835, GIFT_EVAL),
    Published("ett1/15T", 48, "DeepAR", 0.320, 1.44, GIFT_EVAL),
    Published("ett1/15T", 48, "seasonal naive", 0.241, 0.934, GIFT_EVAL),
)
