"""A real Prefect server for the tests, on loopback and with a home of its own."""

import json
import shutil
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.support.servers import HANGS_AFTER, Server


class PrefectServer(Server):
    """`prefect server start`; making its tables takes as long as its start.

    Args:
        folder: its home.
    """

    program = "prefect"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.environment = {
            "PREFECT_HOME": str(folder),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
            "DO_NOT_TRACK": "1",
        }

    def arguments(self) -> list[str]:
        """As `Server.arguments`."""
        return ["server", "start", "--host", "127.0.0.1", "--port", str(self.port)]

    def start(self) -> None:
        """As `Server.start`; a new one begins with the tables that a server of Gatecast's own has left in the cache, if any.

        One whose database is elsewhere, as PREFECT_SERVER_DATABASE_DRIVER says, makes its own.
        """
        from flows.retraining.prefect_process import DATABASE, template_path  # noqa: PLC0415 - devices have no Prefect

        here = "PREFECT_SERVER_DATABASE_DRIVER" not in self.environment
        if here and template_path().is_file() and not (self.folder / DATABASE).exists():
            shutil.copyfile(template_path(), self.folder / DATABASE)
        super().start()

    def ready(self) -> bool:
        """Whether its API says it is well."""
        try:
            return self.ask("/health") is True
        except OSError:
            return False

    @property
    def url(self) -> str:
        """What PREFECT_API_URL has to be."""
        return f"http://127.0.0.1:{self.port}/api"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """POST a body, or GET where there is none; returns the JSON answer.

        While its database is locked the server answers 503 and has done nothing. Prefect's own clients then ask again, and so
        does this.
        """
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, {"Content-Type": "application/json"})  # noqa: S310 - our own server
        limit = time.monotonic() + HANGS_AFTER
        while True:
            try:
                with urlopen(request, timeout=HANGS_AFTER) as answer:  # noqa: S310
                    return json.loads(answer.read())
            except HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > limit:
                    raise
            time.sleep(0.5)
