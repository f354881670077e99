"""The table of recurrent cells: one line per cell, and whatever differs from cell to cell is read from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.forecaster.manifest import Cell


@dataclass(frozen=True, slots=True)
class CellKind:
    """What differs from one recurrent cell to another.

    Args:
        title: name in tables and pictures.
        keras_name: class in `keras.layers`.
        states: number of its states, each `[batch, units]`; the first one is its output.
        colour: colour of its lines, from the palette of Okabe and Ito (2008), which colour-blind readers can tell apart.
        tint: the same colour, so light that text on it can be read.
        marker: shape of its points, as matplotlib names it.
        options: further arguments of the Keras class.
        short_title: title where space is scarce; empty where the title is short enough.
    """

    title: str
    keras_name: str
    states: int
    colour: str
    tint: str
    marker: str
    options: Mapping[str, Any] = field(default_factory=dict)
    short_title: str = ""

    def layer(self, units: int) -> Any:  # noqa: ANN401 - Keras has no types
        """A fresh Keras cell of that many units; imports TensorFlow."""
        import keras  # noqa: PLC0415 - takes seconds, and only a training process needs it

        return getattr(keras.layers, self.keras_name)(units, **self.options)


# In the order of the manifest's list, which is all that a device knows of them.
CELLS: dict[Cell, CellKind] = {
    "gru": CellKind("GRU", "GRUCell", 1, colour="#0072B2", tint="#E5F0F7", marker="o"),
    "lstm": CellKind("LSTM", "LSTMCell", 2, colour="#D55E00", tint="#FBEDE4", marker="s"),
    "simplernn": CellKind("SimpleRNN", "SimpleRNNCell", 1, colour="#009E73", tint="#E6F4F0", marker="^", short_title="RNN"),
}
