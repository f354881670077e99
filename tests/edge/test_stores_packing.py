"""Packed bytes: round trips, sizes, the format that Python's own modules read, and bytes that a disk has changed."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.stores.packing import HEAD, gzipped, pack, unpack, unpack_damaged, unpacked_size

ROWS = b"".join(b"reading,series=device%05d value=%d.5 1790000340000000000\n" % (number, number) for number in range(500))
DATA = st.binary(max_size=300) | st.builds(
    lambda piece, times: piece * times, st.binary(min_size=1, max_size=9), st.integers(0, 99)
)


@given(DATA)
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    """And their number is known before; what gains nothing stays as it is."""
    packed = pack(data)
    assert (unpack(packed), unpacked_size(packed)) == (data, len(data))
    assert len(packed) <= max(len(data), 64 + len(data) if data.startswith(b"\x00") else 0)
    assert gzip.decompress(gzipped(data)) == data


def test_rows_take_a_fourth_and_are_read_by_python_alone() -> None:
    """Nobody who reads a spool by hand needs our program."""
    packed = pack(ROWS)
    assert 4 * len(packed) < len(ROWS)
    assert zlib.decompress(packed[HEAD:]) == ROWS
    assert 4 * len(gzipped(ROWS)) < len(ROWS)


def test_what_is_packed_by_python_alone_is_unpacked() -> None:
    """As on a device for which there is no faster library."""
    assert unpack(b"\x00" + len(ROWS).to_bytes(4) + zlib.compress(ROWS, 9)) == ROWS


def test_rows_before_a_change_are_read_and_those_behind_it_are_not_made_up() -> None:
    """A change of one byte, and a file that ends too early."""
    packed = pack(ROWS)
    half = len(packed) // 2
    changed = packed[:half] + bytes([packed[half] ^ 0xFF]) + packed[half + 1 :]
    with pytest.raises(ValueError, match=r"."):
        unpack(changed)
    for damaged in (changed, packed[:half]):
        assert unpack_damaged(damaged)[: len(ROWS) // 4] == ROWS[: len(ROWS) // 4]


@pytest.mark.parametrize("size", [0, len(ROWS) - 1, len(ROWS) + 1])
def test_no_more_is_unpacked_than_the_stated_size(size: int) -> None:
    """And no less: what somebody else has packed may be a thousand times as large as it says."""
    with pytest.raises(ValueError, match=f"expected {size} bytes"):
        unpack(b"\x00" + size.to_bytes(4) + pack(ROWS)[HEAD:])


@pytest.mark.parametrize("data", [b"", b"raw rows", b"\x00", b"\x00\x00\x00\x00\x09rubbish"])
def test_what_cannot_be_unpacked_stays_as_it_is(data: bytes) -> None:
    """There is nothing better to look at."""
    assert unpack_damaged(data) == data
