"""Every error Gatecast raises on purpose; the class says whose move it is.

GatecastError
├── ConfigurationError   the user's: stop with exit code 2
├── HistoryError         the user's: this history cannot be trained on, exit code 1
├── PayloadError         the sensor's: count it, skip the message
├── BundleError          the trainer's: refuse the bundle, keep the old one
├── BrokerError          the operator's: the broker is away or says no
└── StoreError           the store's
    ├── StoreBusy        wait and send again
    ├── StoreDenied      wrong password, bucket or address: say so, keep everything, try seldom
    └── BlockRefused     the block holds a line the store will never take: split it
"""

from typing import ClassVar


class GatecastError(Exception):
    """One line that says what was expected, what was found and what to do next."""

    code: ClassVar[int] = 1  # exit code of a command that ends with it


class ConfigurationError(GatecastError):
    """The configuration or the command line is wrong."""

    code: ClassVar[int] = 2


class HistoryError(GatecastError):
    """The history cannot be read or cannot be trained on."""


class PayloadError(GatecastError):
    """One message cannot be understood.

    Args:
        kind: the counter it belongs to, such as `bad_json` or `bad_time`.
        message: what was expected and what was found.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class BundleError(GatecastError):
    """A bundle is damaged, of the wrong shape, or fails its self-test."""


class BrokerError(GatecastError):
    """The MQTT broker cannot be reached or refuses the connection."""


class StoreError(GatecastError):
    """The store did not take or give data."""


class StoreBusy(StoreError):
    """The store is away or overloaded; the same block may go through later."""


class StoreDenied(StoreError):
    """The store refuses the account, the bucket or the address."""


class BlockRefused(StoreError):
    """The store will never take this block as it is."""
