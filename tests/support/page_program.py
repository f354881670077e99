"""`gatecast page` as a program of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def page_of(config: Path) -> Iterator[str]:
    """The address of a page of a configuration, on a free port; it ends with the block."""
    command = [sys.executable, "-m", "flows.cli", "page", "--config", str(config), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            told = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert told is not None, line + process.stdout.read()
            yield told[0]
        finally:
            process.terminate()
