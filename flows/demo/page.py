"""The page of the demo: a process of its own, open while the stream runs and afterwards."""

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from edge.errors import ConfigurationError, GatecastError
from flows.processes.patience import Patience
from flows.processes.servers import Server, free_port


def check_page() -> None:
    """Refuse `--serve` without its packages at once, not after minutes of training.

    Raises:
        ConfigurationError: they are not installed.
    """
    if find_spec("nicegui") is None:
        raise ConfigurationError(
            "--serve needs nicegui, which is not installed; in a clone of the repository: pip install '.[demo,page]'"
        )


def start_page(config: Path, log: Path) -> tuple[Server, str]:
    """Start `gatecast page` on a free port of this machine, and wait until it answers.

    Args:
        config: path of the demo's configuration.
        log: file for its output.

    Returns:
        The process, and the address of the page.

    Raises:
        GatecastError: it does not start.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = Server([sys.executable, "-m", "flows.cli", "page", "--config", str(config), "--port", str(port)], log)
    patience = Patience()
    while server.died() is None and not patience.lost(server.written):
        try:
            with urlopen(address, timeout=5):
                return server, address
        except OSError:
            time.sleep(0.1)
    reason = server.died() or f"it does not answer within {patience.seconds:.0f} s"
    server.stop()
    raise GatecastError(f"the page does not start: {reason}; see {log}")


def stay_open(page: Server) -> None:
    """Wait while the page is open: until Ctrl-C ends the whole program.

    Args:
        page: process of the page.

    Raises:
        GatecastError: the page has ended by itself; says why.
    """
    page.process.wait()
    raise GatecastError(f"the page has ended by itself: {page.died()}; open it again with gatecast page, or see {page.log}")
