"""An InfluxDB of any version that the environment names, for the tests that ask `influx` for a server.

Nothing of it is changed but what a test makes itself: temporary buckets, whose names begin with `gatecast_test_`, or rows of
series whose names do, which are deleted as far as the server lets it.
"""

import base64
import itertools
import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlencode

import pytest
from urllib3 import PoolManager

from edge.stores.address import Address
from tests.support.influx_http import PATIENCE, rows_of

URL_VARIABLE, TOKEN_VARIABLE = "GATECAST_TEST_INFLUX_URL", "GATECAST_TEST_INFLUX_TOKEN"
PREFIX = "gatecast_test_"
UNSET = f"{URL_VARIABLE} names no server"
OLD = ("1.6.", "1.7.")


class NamedInflux:
    """A server as `Influx` gives one, apart from what needs power over its process.

    Args:
        url: URL of a bucket on it, as `[store] url` has it.
        token: token of the account; 1.x: `user:password`.
    """

    def __init__(self, url: str, token: str) -> None:
        address = Address.parse(url)
        assert address.scheme in ("influxdb", "influxdbs"), (
            f"{URL_VARIABLE}: expected influxdb://HOST:PORT/BUCKET?org=ORG, got {url}"
        )
        self._scheme, self._place = address.scheme, f"{address.host}:{address.port or 8086}"
        self.url = f"{'https' if self._scheme == 'influxdbs' else 'http'}://{self._place}"
        self.organisation = (address.options or {}).get("org", "")
        self.named_bucket, self.token = address.path.strip("/"), token
        self._accounts: list[str] = []  # made by `reader` and `foreigner`
        self._organisations: list[str] = []  # made by `foreigner`
        self._pool = PoolManager(retries=False, timeout=PATIENCE)

    def close(self) -> None:
        """Delete the accounts that were made, and close the connections."""
        while self._accounts:
            account = self._accounts.pop()
            if self.major == 1:
                self.query("", f'DROP USER "{account}"')
            else:
                self._json("DELETE", f"/api/v2/authorizations/{account}")
        while self._organisations:
            self._json("DELETE", f"/api/v2/orgs/{self._organisations.pop()}")
        self._pool.clear()

    def __repr__(self) -> str:
        return f"InfluxDB {self.version} at {self.url}"

    def store_url(self, bucket: str) -> str:
        """Store URL of a bucket; the token is not in it."""
        return f"{self._scheme}://{self._place}/{bucket}" + (f"?org={self.organisation}" if self.organisation else "")

    @cached_property
    def version(self) -> str:
        """Version without a leading v, such as `2.7.12`; empty where the server does not tell it."""
        _, headers, _ = self._ask("GET", "/ping")
        return headers.get("x-influxdb-version", "").removeprefix("v")

    @property
    def major(self) -> int:
        """Number of the version; 2 where the server hides it and has the API of 2.x."""
        if self.version[:1].isdigit():
            return int(self.version.partition(".")[0])
        return 2 if self._ask("GET", "/api/v2/orgs")[0] != 404 else 1

    @property
    def engine(self) -> NoReturn:
        """The test that asks for the process of the server is skipped."""
        pytest.skip(f"{self!r} is not ours to stop or to set up")

    def create(self, bucket: str, keep: str = "") -> None:
        """Make an empty bucket, by the server's own API.

        Args:
            bucket: its name.
            keep: time for which it keeps rows in whole hours, such as `1h`; empty: for ever.

        Raises:
            RuntimeError: it was not made, such as by a token that may not.
        """
        hours = int(keep.removesuffix("h") or 0)
        if self.major == 1:
            self.query("", f'CREATE DATABASE "{bucket}"' + (f" WITH DURATION {keep}" if keep else ""))
        elif self.major == 2:
            rules = [{"type": "expire", "everySeconds": 3600 * hours}] if keep else []
            self._json("POST", "/api/v2/buckets", {"orgID": self._organisation_id, "name": bucket, "retentionRules": rules})
        else:
            self._json("POST", "/api/v3/configure/database", {"db": bucket} | ({"retention_period": keep} if keep else {}))

    def drop(self, bucket: str) -> None:
        """Delete a bucket that `create` made."""
        if self.major == 1:
            self.query("", f'DROP DATABASE "{bucket}"')
        elif self.major == 2:
            self._json("DELETE", f"/api/v2/buckets/{self._bucket_id(bucket)}")
        else:
            self._json("DELETE", f"/api/v3/configure/database?{urlencode({'db': bucket})}")

    def clear(self, bucket: str, mark: str, names: Iterable[str]) -> None:
        """Delete the rows of some series, as far as the server and the token let it: InfluxDB 3 deletes none.

        Args:
            bucket: its name.
            mark: beginning of the names.
            names: the names.
        """
        if self.major == 1:
            for tag in ("series", "agent"):
                self.query(bucket, f'DROP SERIES WHERE "{tag}" =~ /^{mark}/')
        elif self.major == 2:
            ends = {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z"}
            path = f"/api/v2/delete?{urlencode({'bucket': bucket, 'org': self.organisation})}"
            for name, tag in itertools.product(names, ("series", "agent")):
                escaped = name.replace("\\", "\\\\").replace('"', '\\"')
                self._json("POST", path, {**ends, "predicate": f'{tag}="{escaped}"'})

    @cached_property
    def cannot_create(self) -> str:
        """The server's words where this token makes no buckets; empty where it does."""
        try:
            self.create(f"{PREFIX}may_it")
            self.drop(f"{PREFIX}may_it")
        except RuntimeError as error:
            return str(error)
        return ""

    def reader(self, bucket: str) -> str:
        """Token of an account that may read a bucket and not write to it, until `close`."""
        if self.major == 1:
            self.query("", f'CREATE USER "{bucket}" WITH PASSWORD \'secret\'; GRANT READ ON "{bucket}" TO "{bucket}"')
            self._accounts.append(bucket)
            return f"{bucket}:secret"
        resource = {"type": "buckets", "orgID": self._organisation_id, "id": self._bucket_id(bucket)}
        rights = [{"action": "read", "resource": resource}]
        account = {"orgID": self._organisation_id, "description": bucket, "permissions": rights}
        answer = self._json("POST", "/api/v2/authorizations", account)
        self._accounts.append(str(answer["id"]))
        return str(answer["token"])

    def foreigner(self, bucket: str) -> tuple[str, str]:
        """Another organisation with a bucket of this name, and the token of an account there, until `close`; InfluxDB 2 only.

        Raises:
            RuntimeError: the token makes no organisations.
        """
        name = f"{bucket}_other"
        identity = str(self._json("POST", "/api/v2/orgs", {"name": name})["id"])
        self._organisations.append(identity)
        made = self._json("POST", "/api/v2/buckets", {"orgID": identity, "name": bucket, "retentionRules": []})
        resource = {"type": "buckets", "orgID": identity, "id": made["id"]}
        rights = [{"action": action, "resource": resource} for action in ("read", "write")]
        account = {"orgID": identity, "description": name, "permissions": rights}
        answer = self._json("POST", "/api/v2/authorizations", account)
        self._accounts.append(str(answer["id"]))
        return name, str(answer["token"])

    def run_flux(self, script: str) -> None:
        """Run a script in Flux, of InfluxDB 2.

        Raises:
            RuntimeError: it is refused, or fails.
        """
        path = f"/api/v2/query?{urlencode({'org': self.organisation})}"
        status, _, answer = self._ask("POST", path, script.encode(), {"Content-Type": "application/vnd.flux"})
        if status != 200 or b"error" in answer.partition(b"\n")[0]:
            raise RuntimeError(f"{status} {answer.decode(errors='replace').strip()}")

    def check_task(self, script: str) -> None:
        """Make a task of InfluxDB 2, and delete it; RuntimeError where it is refused."""
        answer = self._json("POST", "/api/v2/tasks", {"flux": script, "orgID": self._organisation_id})
        self._json("DELETE", f"/api/v2/tasks/{answer['id']}")

    def write(self, bucket: str, lines: str) -> None:
        """As `Influx.write`."""
        names = {"db": bucket} if self.version.startswith(OLD) else {"org": self.organisation, "bucket": bucket}
        path = "/write" if self.version.startswith(OLD) else "/api/v2/write"
        status, _, body = self._ask("POST", f"{path}?{urlencode({**names, 'precision': 'ns'})}", lines.encode())
        if status != 204:
            raise RuntimeError(f"{status} {body.decode(errors='replace').strip()}")

    def query(self, bucket: str, influxql: str) -> list[dict[str, Any]]:
        """As `Influx.query`."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        names = {"epoch": "ns", **({"db": bucket} if bucket else {})}
        status, _, body = self._ask("POST", f"/query?{urlencode(names)}", urlencode({"q": influxql}).encode(), form)
        if status // 100 != 2:
            raise RuntimeError(f"{status} {body.decode(errors='replace').strip()}")
        return rows_of(body, influxql)

    def _bucket_id(self, bucket: str) -> str:
        named = urlencode({"name": bucket, "orgID": self._organisation_id})
        return str(self._json("GET", f"/api/v2/buckets?{named}")["buckets"][0]["id"])

    @cached_property
    def _organisation_id(self) -> str:
        named = f"?{urlencode({'org': self.organisation})}" if self.organisation else ""
        return str(self._json("GET", f"/api/v2/orgs{named}")["orgs"][0]["id"])

    def _json(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
        body = b"" if document is None else json.dumps(document).encode()
        status, _, answer = self._ask(method, path, body, {"Content-Type": "application/json"})
        if status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode(errors='replace').strip()}")
        return json.loads(answer or b"{}")

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer, whatever its status."""
        account = {"Authorization": self._authorization} if self.token and path != "/ping" else {}
        answer = self._pool.request(method, self.url + path, body=body or None, headers={**account, **(headers or {})})
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data

    @property
    def _authorization(self) -> str:
        if self.version.startswith(OLD):
            return f"Basic {base64.b64encode(self.token.encode()).decode()}"
        return f"Token {self.token}"


def named_influx() -> NamedInflux | None:
    """The server that the environment names; None where it names none."""
    url = os.environ.get(URL_VARIABLE, "")
    return NamedInflux(url, os.environ.get(TOKEN_VARIABLE, "")) if url else None
