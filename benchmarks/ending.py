"""How a long measurement ends: by itself, by Ctrl-C or SIGTERM, or with one line that says why it cannot go on."""

import signal
import sys
from collections.abc import Callable

from edge.errors import GatecastError


def run_to_end(name: str, main: Callable[[], int]) -> None:
    """Call a program and exit with its code; what it has started is ended on the way out, whatever stops it.

    Args:
        name: name of the program, for the line that says what is wrong.
        main: function that returns the exit code.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except GatecastError as problem:
        sys.exit(f"{name}: {problem}")
