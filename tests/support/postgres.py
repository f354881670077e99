"""A real Postgres for the tests, on 127.0.0.1 and with an account that has a password."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.servers import HANGS_AFTER, Server, requires

UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]  # Postgres refuses to be root


class Postgres(Server):
    """`postgres` with one database.

    Args:
        folder: folder of its data.
        user: account and database.
        password: password of the account, which goes to `initdb` in a file.
    """

    program = "postgres"

    def __init__(self, folder: Path, user: str, password: str) -> None:
        super().__init__(folder)
        self.user, self._password, self._data = user, password, folder / "data"
        secret = folder / "secret"
        secret.write_text(f"{password}\n")
        self._data.mkdir(mode=0o700)
        self._as_root = os.geteuid() == 0
        if self._as_root:
            for path in (folder, secret, self._data):
                shutil.chown(path, 65534, 65534)
            for parent in folder.parents:  # the folders of pytest are for their owner alone
                if not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)
        words = [
            "initdb",
            "--pgdata",
            str(self._data),
            "--username",
            user,
            "--auth-host=scram-sha-256",
            "--pwfile",
            str(secret),
        ]
        self._run([requires("initdb"), *words[1:], "--auth-local=trust", "--no-sync", "--encoding=UTF8", "--locale=C"])
        secret.unlink()
        if self._as_root:
            self.path = requires("setpriv")

    def arguments(self) -> list[str]:
        """As `Server.arguments`."""
        words = ["-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self.folder), "-F"]
        return [*UNPRIVILEGED[1:], requires("postgres"), *words] if self._as_root else words

    @property
    def client(self) -> dict[str, str]:
        """The variables by which Postgres' own programs reach it; over its socket they need no password."""
        return {"PGHOST": str(self.folder), "PGPORT": str(self.port), "PGUSER": self.user}

    def ready(self) -> bool:
        """Whether it takes connections."""
        return subprocess.run([requires("pg_isready"), "-q"], env=os.environ | self.client, check=False).returncode == 0

    def start(self) -> None:
        """As `Server.start`; the database of the account is made."""
        super().start()
        subprocess.run([requires("createdb"), self.user], env=os.environ | self.client, check=True, timeout=HANGS_AFTER)

    def _run(self, words: list[str]) -> None:
        prefix = UNPRIVILEGED if self._as_root else []
        subprocess.run([*prefix, *words], check=True, capture_output=True, cwd=self.folder, timeout=HANGS_AFTER)
