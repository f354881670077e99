"""A look at an InfluxDB: a row of a measurement of its own is written, read and deleted; the server says what it keeps."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated

import msgspec

from edge.clock.dates import seconds_ahead
from edge.contract.schema import CHECK
from edge.contract.times import SECOND, UNITS
from edge.errors import BucketMissing, GatecastError, RightsMissing, StoreError
from edge.stores.influx import InfluxStore
from edge.stores.influx_answers import Answer, Part
from edge.stores.looking.look import Look

GO_UNITS = {**{unit: UNITS[unit] for unit in ("ns", "us", "ms", "s", "h")}, "m": UNITS["min"], "µs": UNITS["us"]}
GO_PART = re.compile(r"([0-9]{1,19})(ns|us|µs|ms|s|m|h)")  # Go has no longer ones
LONGEST = 40  # characters of a version


class _Rule(msgspec.Struct):
    """A rule of retention of a bucket."""

    every: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] = msgspec.field(default=0, name="everySeconds")


class _Bucket(msgspec.Struct):
    """A bucket of InfluxDB 2."""

    name: str
    rules: list[_Rule] = msgspec.field(default_factory=list, name="retentionRules")


class _Buckets(msgspec.Struct):
    """The answer of `/api/v2/buckets`."""

    buckets: list[_Bucket]


class _Ping(msgspec.Struct):
    """The answer of InfluxDB 3 to `/ping`."""

    version: str = ""


def look(store: InfluxStore, now: Callable[[], int] = time.time_ns) -> Look:
    """Write, read and delete a row, and ask the server for its version, its clock, and for how long it keeps rows.

    Args:
        store: the store.
        now: function that gives the time, ns UTC.
    """
    before = now()
    try:
        ping = store.ask("GET", lambda: ("/ping", []))
    except StoreError as error:
        return Look("", trouble=str(error))
    moment = now()
    version = _version(ping)
    ahead = seconds_ahead(ping.date, (before + moment) / 2 / SECOND)
    product = f"InfluxDB {version}" if version else "a server that does not tell its version"
    seen = Look(product, ahead=ahead, organisation=dict(store.account).get("org", ""))
    fault = _fault(lambda: store.write(f"{CHECK} value=1 {moment}".encode()))
    where = f"WHERE time = {moment}" if fault is None else "LIMIT 1"
    trouble = _fault(lambda: _read_back(store, where, must_be=fault is None))
    missing = isinstance(fault, BucketMissing)
    # InfluxDB 2 says of a bucket that the token may not read that there is none.
    barred = isinstance(fault, RightsMissing) or isinstance(trouble, RightsMissing | BucketMissing)
    seen = replace(
        seen,
        writes=None if fault is None else str(fault),
        reads=None if trouble is None else str(trouble),
        advice=_advice(store, version, missing=missing) if missing or barred else "",
        remains="" if fault is not None else _remains(store, version, where, was_read=trouble is None),
    )
    if missing:
        return replace(seen, untold="there is no such bucket")
    keep, untold = _keep(store, version)
    return replace(seen, keep=keep, untold=untold)


def _fault(use: Callable[[], object]) -> GatecastError | None:
    """What goes wrong; None where nothing does."""
    try:
        use()
    except GatecastError as error:
        return error
    return None


def _version(ping: Answer) -> str:
    """Version without a leading v; empty where the server or a proxy hides it."""
    if ping.version:
        return ping.version.removeprefix("v")[:LONGEST]
    try:
        return msgspec.json.decode(ping.body, type=_Ping).version[:LONGEST]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _read_back(store: InfluxStore, where: str, *, must_be: bool) -> None:
    """Read the row; where it could not be written, anything.

    Raises:
        StoreError: it cannot be read, or is not there.
    """
    rows = store.query(f'SELECT "value" FROM "{CHECK}" {where}', 1)
    if must_be and not rows:
        raise StoreError(f"{store.url} has taken a row and does not give it back; check [store] url")


def _remains(store: InfluxStore, version: str, where: str, *, was_read: bool) -> str:
    """Delete the row.

    InfluxDB 2 deletes in the organisation of the token: what could not be read back there may lie in another one.

    Args:
        store: the store.
        version: version of the server.
        where: condition that finds the row.
        was_read: whether it could be read back.

    Returns:
        What is left of it; empty where nothing is.
    """
    has_organisations = not version.startswith("1.")
    query = f'DELETE FROM "{CHECK}"' if has_organisations else f'DROP SERIES FROM "{CHECK}"'
    if has_organisations and not was_read:
        reason = "it could not be read back"
    else:
        database, retention = store.database
        answers: list[Answer] = []
        names = [("db", database), *retention, ("q", query)]
        fault = _fault(lambda: answers.append(store.ask("POST", lambda: ("/query", names))))
        reason = str(fault) if fault is not None else _failure(answers[0])
        if not reason and was_read and _fault(lambda: _read_back(store, where, must_be=True)) is None:
            reason = "the server has not deleted it"
    return reason and f"a row of the measurement {CHECK} stays, which nothing reads: {reason}"


def _failure(answer: Answer) -> str:
    """Why a statement was not carried out; empty where it was."""
    if answer.status >= 300:
        return answer.message
    if answer.body.strip() == b"{}":  # of InfluxDB 2
        return ""
    try:
        results = msgspec.json.decode(answer.body, type=Part).results
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "the server's answer is no result of a query"
    return next((result.error for result in results if result.error), "")


def _keep(store: InfluxStore, version: str) -> tuple[int | None, str]:
    """Time for which rows are kept, ns, 0 for ever; or None and why that is not known."""
    if not version.startswith("1."):
        keep, untold = _keep_of_bucket(store)
        if keep is not None or version.startswith("2."):
            return keep, untold
    database, retention = store.database
    try:
        tables = store.query(f'SHOW RETENTION POLICIES ON "{database}"')
    except StoreError as error:
        return None, str(error)
    wanted = dict(retention).get("rp")
    for table in tables:
        for cells in table.values:
            row = dict(zip(table.columns, cells, strict=False))
            if row.get("name") == wanted or (wanted is None and row.get("default") is True):
                return _go_duration(str(row.get("duration", "")))
    return None, "the server tells no retention policy of this name"


def _keep_of_bucket(store: InfluxStore) -> tuple[int | None, str]:
    names = [("name", store.bucket), *store.account]
    answers: list[Answer] = []
    fault = _fault(lambda: answers.append(store.ask("GET", partial(_request, names))))
    if fault is not None:
        return None, str(fault)
    if answers[0].status != 200:
        return None, f"the token may not see the bucket ({answers[0].status}: {answers[0].message})"
    try:
        buckets = msgspec.json.decode(answers[0].body, type=_Buckets).buckets
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return None, f"/api/v2/buckets gives no list of buckets ({error})"
    rules = next((bucket.rules for bucket in buckets if bucket.name == store.bucket), None)
    if rules is None:
        return None, "the token may not see the bucket"
    return max((rule.every for rule in rules), default=0) * SECOND, ""


def _request(names: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    return "/api/v2/buckets", names


def _go_duration(text: str) -> tuple[int | None, str]:
    """Length of a time such as `168h0m0s`, ns; or None and why it cannot be read."""
    parts = GO_PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        return None, f"expected a retention such as 168h0m0s, got {text[:40]!r}"
    return sum(int(number) * GO_UNITS[unit] for number, unit in parts), ""


def _advice(store: InfluxStore, version: str, *, missing: bool) -> str:
    """The command that makes the bucket, or lets the account use it; empty where the version is not known."""
    host, port = re.sub(r"^https?://", "", store.url).rsplit(":", 1)
    names, (database, retention) = dict(store.account), store.database
    secure = " -ssl" if store.url.startswith("https") else ""
    account = " -username admin -password ''" if store.connection.user else ""
    client = f"influx -host {host} -port {port}{secure}{account}"
    policy = f'; CREATE RETENTION POLICY "{retention[0][1]}" ON "{database}" DURATION INF REPLICATION 1' if retention else ""
    organisation = f" --org {names['org']}" if "org" in names else ""
    if version.startswith("1."):
        if missing:
            return f"{client} -execute 'CREATE DATABASE \"{database}\"{policy}'"
        return f'{client} -execute \'GRANT ALL ON "{database}" TO "{store.connection.user or "gatecast"}"\''
    if version.startswith("2."):
        options = f"--host {store.url}{organisation}"
        if missing:
            return f"influx bucket create {options} --name '{store.bucket}'"
        return (
            f"influx bucket list {options} --name '{store.bucket}' shows its ID; then "
            f"influx auth create {options} --read-bucket ID --write-bucket ID"
        )
    if version.startswith("3.") and missing:
        return f"influxdb3 create database --host {store.url} '{store.bucket}'"
    return ""
