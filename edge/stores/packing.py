"""Bytes made smaller on their way to the disk and over the network, by the deflate format of zlib and gzip.

`isal` makes the same format three times as fast; where there is no build of it, Python's own module does it.
"""

import zlib
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

MARK = b"\x00"  # first byte of what is packed; its size before that stands in the next four, then comes what zlib makes of it
HEAD = 5
GZIP = 31  # the window of zlib, in a gzip envelope
PIECE = 256  # bytes that are unpacked at once where the disk has changed some

_library: Any = import_module("isal.isal_zlib") if find_spec("isal") else zlib


def pack(data: bytes) -> bytes:
    """The same bytes in fewer; as they are where that gains nothing, unless they begin with the mark.

    Args:
        data: less than 4 GB.
    """
    packed: bytes = MARK + len(data).to_bytes(HEAD - 1) + _library.compress(data, 1)
    return packed if len(packed) < len(data) or data.startswith(MARK) else data


def unpacked_size(data: bytes) -> int:
    """Number of bytes that `unpack` gives."""
    return int.from_bytes(data[1:HEAD]) if data.startswith(MARK) else len(data)


def unpack(data: bytes) -> bytes:
    """What `pack` was given; bytes that are not packed as they are.

    Raises:
        ValueError: `pack` has not made this. No more is unpacked than the stated size.
    """
    if not data.startswith(MARK):
        return data
    size, unpacker = unpacked_size(data), _library.decompressobj()
    try:
        unpacked: bytes = unpacker.decompress(data[HEAD:], size + 1)
    except _library.error as error:
        raise ValueError(str(error)) from error
    if len(unpacked) != size or not unpacker.eof:
        raise ValueError(f"expected {size} bytes; got {len(unpacked)}, and {'no more' if unpacker.eof else 'more to come'}")
    return unpacked


def unpack_damaged(data: bytes) -> bytes:
    """As `unpack`, for bytes that the disk has changed: what stands before the change; all as it is where that is nothing."""
    if not data.startswith(MARK):
        return data
    unpacker, parts = zlib.decompressobj(), list[bytes]()
    with suppress(zlib.error):
        parts.extend(unpacker.decompress(data[start : start + PIECE]) for start in range(HEAD, len(data), PIECE))
    return b"".join(parts) or data


def gzipped(data: bytes) -> bytes:
    """The bytes as a gzip file, quickly rather than as small as can be."""
    packed: bytes = _library.compress(data, 1, GZIP)
    return packed
