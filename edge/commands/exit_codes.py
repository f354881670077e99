"""How a command ends: its exit code, and one line on standard error where something went wrong."""

import signal
import sys
from collections.abc import Callable

from edge.errors import GatecastError
from edge.quoting import one_line

STOPPED = 128 + signal.SIGINT  # as a shell says it


def guarded(program: str, command: Callable[[], int]) -> int:
    """Run a command; an error that is no fault of the program becomes one line on standard error.

    Returns:
        The command's exit code, else that of the error.
    """
    try:
        return command()
    except GatecastError as error:
        print(f"{program}: {one_line(str(error))}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        reason = error.strerror or error
        if error.filename:
            reason = f"{error.filename}: {reason}; check that it is there and can be written"
        print(f"{program}: {one_line(str(reason))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: stopped by Ctrl-C", file=sys.stderr)
        return STOPPED
