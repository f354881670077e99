"""Errors say whose move it is."""

from edge.errors import (
    BlockRefused,
    BlockTooLarge,
    BundleDamaged,
    BundleError,
    ConfigurationError,
    GatecastError,
    PayloadError,
    StoreBusy,
    StoreDenied,
    StoreError,
)


def test_who_handles_a_kind_handles_its_special_cases() -> None:
    """A damaged bundle is a bad one, and what a store says is a store's; no kind belongs to two."""
    assert issubclass(BundleDamaged, BundleError)
    for kind in (StoreBusy, StoreDenied, BlockRefused, BlockTooLarge):
        assert issubclass(kind, StoreError)
        assert not issubclass(kind, BundleError)
    assert issubclass(BlockTooLarge, BlockRefused)


def test_only_the_configuration_ends_with_exit_code_2() -> None:
    """Everything else is a failure of the run."""
    assert (ConfigurationError.code, GatecastError.code, StoreBusy.code) == (2, 1, 1)


def test_what_an_error_knows_travels_with_it() -> None:
    """The counter of a message, whether a store answered, and what was left out."""
    assert PayloadError("bad_time", "no time").kind == "bad_time"
    assert (StoreBusy("away").answered, StoreBusy("500", answered=True).answered) == (False, True)
    refused = BlockRefused("no", dropped={"reading": 2}, rows=b"r", proven=True)
    assert (refused.dropped, refused.rows, refused.proven) == ({"reading": 2}, b"r", True)
