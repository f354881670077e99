"""A headless Chromium for tests of pages, driven by its own debugging protocol; it finds nothing outside of this machine."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
HANGS_AFTER = 60.0  # seconds
LONE = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--remote-debugging-port=0",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # fmt: skip


class Tab:
    """A page that is open.

    Args:
        address: address of its debugging protocol.
    """

    def __init__(self, address: str) -> None:
        self._socket = connect(address, max_size=1 << 26, proxy=None)
        self._numbers = itertools.count(1)
        self.requests: list[str] = []  # addresses that the page has asked for
        self.faults: list[str] = []  # exceptions of its scripts
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=HANGS_AFTER))
            if told.get("method") == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            if told.get("method") == "Runtime.exceptionThrown":
                self.faults.append(json.dumps(told["params"]["exceptionDetails"])[:500])
            if told.get("id") == number:
                assert "error" not in told, told
                return dict(told["result"])

    def size(self, width: int, height: int, scheme: str = "light", scale: float = 1) -> Self:
        """Set the window and the scheme of colours that the system asks for."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return self

    def open(self, address: str) -> Self:
        """Go to an address; what it shows may still be on its way."""
        self.ask("Page.navigate", url=address)
        return self

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """The value of an expression, as soon as it is true."""
        end = time.monotonic() + HANGS_AFTER
        while time.monotonic() < end:
            if value := self.value(f"document.readyState !== 'loading' && ({expression})"):
                return value
            time.sleep(0.05)
        raise AssertionError(f"the page never came to {expression}; it says {self.value('document.body.innerText')[:2000]!r}")

    def text(self, selector: str) -> str:
        """What an element says, blanks as one."""
        told = self.wait(f"document.querySelector({json.dumps(selector)})?.textContent")
        return " ".join(str(told).split())

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key."""
        typed = {"text": key} if len(key) == 1 else {}
        codes = {"Tab": 9, "Enter": 13}
        if key == "Enter":
            typed = {"text": "\r"}
        if key in codes:
            typed["windowsVirtualKeyCode"] = codes[key]  # type: ignore[assignment] # a number is what it takes
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, modifiers=modifiers, **typed)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=modifiers)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is to be seen, as PNG."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))


@contextlib.contextmanager
def browser() -> Iterator[Tab]:
    """A tab of a Chromium of its own; the test is skipped by name where there is none."""
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("needs chromium on the PATH")
    with tempfile.TemporaryDirectory(prefix="gatecast-chromium-", ignore_cleanup_errors=True) as folder:
        command = [program, *LONE, f"--user-data-dir={folder}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield Tab(_address(Path(folder) / "DevToolsActivePort", process))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(told: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + HANGS_AFTER
    while time.monotonic() < end and process.poll() is None:
        lines = told.read_text().split() if told.exists() else []
        if lines:
            with urlopen(f"http://127.0.0.1:{lines[0]}/json") as answer:
                tabs = json.load(answer)
            for tab in tabs:
                if tab["type"] == "page":
                    return str(tab["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("chromium does not start")
