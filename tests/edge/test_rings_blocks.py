"""Slots of coarse blocks: what is kept, and what gives way to newer blocks."""

import numpy as np

from edge.contract.coarse import Coarse
from edge.contract.columns import Int64
from edge.rings.blocks import Blocks


def numbers(*values: int) -> Int64:
    """Numbers of intervals or blocks."""
    return np.asarray(values, np.int64)


def kept(blocks: Blocks, number: int, value: float, known: int) -> None:
    """Keep the value of one block of the only series."""
    one = np.asarray([[True]])
    blocks.keep_better(numbers(0), numbers(number)[None], np.asarray([[value]]), numbers(known)[None], one)


def test_of_two_values_of_a_block_the_one_of_more_intervals_is_kept() -> None:
    """The other may be made of a part of the history."""
    blocks = Blocks(Coarse(4, 2), 3)
    blocks.grow(1)
    for value, known, expected in ((5.0, 2, 5.0), (7.0, 2, 5.0), (6.0, 3, 6.0), (1.0, 1, 6.0)):
        kept(blocks, 1, value, known)
        assert blocks.newest(numbers(0), numbers(8))[1].tolist()[0][1] == expected


def test_a_block_that_begins_takes_the_slot_of_one_that_is_needed_no_longer() -> None:
    """Of those before, a window that is yet to be cut has as many as it needs."""
    blocks = Blocks(Coarse(4, 2), 3)
    blocks.grow(2)
    for number in range(blocks.slots):
        kept(blocks, number, float(number), 4)
    top = 4 * blocks.slots
    blocks.clear(numbers(0), numbers(top), numbers(top + 1))
    assert np.isnan(blocks.value[0]).sum() == 1
    oldest = top + 1 - 3  # an origin that lies as far behind as one may
    assert np.isfinite(blocks.newest(numbers(0), numbers(oldest))[1]).all()
    blocks.clear(numbers(0), numbers(top + 1), numbers(10**6))
    assert np.isnan(blocks.value[0]).all()


def test_the_number_of_known_intervals_fits_a_long_block() -> None:
    """A byte is enough for most of them."""
    assert [Blocks(Coarse(steps, 2), 3).known.dtype for steps in (255, 256)] == [np.uint8, np.uint16]
