"""Whose rows InfluxDB 2 gives: it answers `/query` from the organisation of the token, whatever the request names.

A write goes to the organisation that it names. So a token that may use several could write to one and read another. And the
names of buckets in InfluxQL can be given to others than those that a write finds by them.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import msgspec

from edge.errors import BucketMissing, RightsMissing, StoreBusy, StoreDenied
from edge.stores.influx_answers import TOKEN_HINT, Answer, fault_of_request

Names = list[tuple[str, str]]  # names and values behind the `?`
Ask = Callable[..., Answer]  # gives the answer to a GET of a path with a query
IDENTITY = re.compile(r"[0-9a-f]{16}")
NO_BUCKET = re.compile(r"bucket .* not found$")  # the words of InfluxDB 2
Document = TypeVar("Document")
ONE = re.compile(r"v?[13]\.")  # versions that have no organisations


class _Bucket(msgspec.Struct):
    """A bucket."""

    identity: str = msgspec.field(name="id")
    organisation: str = msgspec.field(name="orgID")


class _Database(msgspec.Struct):
    """A name in InfluxQL, and the bucket whose rows a query with it gives."""

    bucket: str = msgspec.field(name="bucketID")
    organisation: str = msgspec.field(name="orgID")
    retention: str = msgspec.field(name="retention_policy", default="")
    default: bool = False


class _Organisation(msgspec.Struct):
    """An organisation."""

    organisation: str = msgspec.field(name="id")


class _Account(msgspec.Struct):
    """A token; where the server keeps no more than its hash, its text is empty."""

    token: str = ""


class _Buckets(msgspec.Struct):
    """The answer of `/api/v2/buckets`."""

    buckets: list[_Bucket]


class _Databases(msgspec.Struct):
    """The answer of `/api/v2/dbrps`."""

    content: list[_Database]


class _Organisations(msgspec.Struct):
    """The answer of `/api/v2/orgs`."""

    orgs: list[_Organisation]


class _Accounts(msgspec.Struct):
    """The answer of `/api/v2/authorizations`."""

    authorizations: list[_Account]


class _Untold(Exception):
    """The answer is no list of InfluxDB 2."""


class OwnOrganisation:
    """What is known of the organisation of the token.

    Args:
        url: URL of the server, for the message.
        bucket: name of the bucket.
        token: token of the account.
    """

    def __init__(self, url: str, bucket: str, token: str) -> None:
        self._url, self._bucket, self._token = url, bucket, token
        self._is_vouched = self._is_known = False

    def vouch(self) -> None:
        """The user says that the token belongs to the organisation that the URL names."""
        self._is_vouched = True

    def forget(self) -> None:
        """After a failure another server, or another token, may stand in the place of this one."""
        self._is_known = False

    def demand(self, answer: Answer, organisation: Names, ask: Ask) -> None:
        """Make sure that rows come from the organisation that the URL names, once until `forget`, by some requests.

        Args:
            answer: answer to a query, of a success.
            organisation: name of the organisation as a write has it; empty where the URL names none.
            ask: function that sends a GET.

        Raises:
            StoreBusy: there is no answer.
            StoreDenied: there is no such organisation, the rows are those of another bucket, or nobody can tell whose they are.
            RightsMissing: the token may not read there, or is not known to belong there.
        """
        if self._is_known or self._is_vouched or not organisation or ONE.match(answer.version):
            return
        ((_, name),) = organisation
        wrong = f"{self._url} answers queries from the organisation of the token"
        try:
            ours = self._ours(name, organisation, ask)
            if not ours:
                raise RightsMissing(f"{wrong}, which may not read bucket {self._bucket!r} in {name!r}: {TOKEN_HINT}")
            if self._seen(ask) - ours and not self._is_of(ours, ask):
                raise RightsMissing(
                    f"{wrong}, which can see several and is not known to belong to {name!r}: make a token in {name!r} that may "
                    f"read and write bucket {self._bucket!r} only, and {TOKEN_HINT}"
                )
        except _Untold as error:
            if answer.version:
                raise StoreDenied(
                    f"{wrong}, and it cannot be told whether that is {name!r} ({error}): let the proxy pass /api/v2/buckets, "
                    "/api/v2/dbrps and /api/v2/orgs, or write checked=no behind the ? of the URL if it is"
                ) from error
        self._is_known = True

    def _ours(self, name: str, organisation: Names, ask: Ask) -> set[str]:
        """Identity of the organisation, if the token may read its bucket of this name; else nothing."""
        identified = [("orgID", name)]
        if organisation != identified and IDENTITY.fullmatch(name):  # a write takes the identity for a name, too
            with suppress(StoreDenied, _Untold):  # it may be the name, after all
                if ours := self._ours(name, identified, ask):
                    return ours
        database, _, retention = self._bucket.partition("/")
        named = self._named(ask, organisation)
        mapped = self._list(ask, "/api/v2/dbrps", [("db", database), *organisation], _Databases).content
        read = [entry for entry in mapped if (entry.retention == retention if retention else entry.default)]
        if named and read and read[0].bucket not in [bucket.identity for bucket in named]:
            raise StoreDenied(
                f"{self._url} gives to a query of {self._bucket!r} the rows of another bucket than a write goes to (ID "
                f"{read[0].bucket}): see influx v1 dbrp list --db '{database}', and give the name to this bucket, or name the "
                "other one in [store] url"
            )
        # A bucket that is called otherwise may have the name in InfluxQL alone.
        return {owned.organisation for owned in (named or read)}

    def _seen(self, ask: Ask) -> set[str]:
        """Identities of the organisations that the token can see, and of those in which it may read a bucket of this name."""
        named = self._named(ask, [])
        every = self._list(ask, "/api/v2/orgs", [], _Organisations).orgs
        return {bucket.organisation for bucket in named} | {entry.organisation for entry in every}

    def _named(self, ask: Ask, organisation: Names) -> list[_Bucket]:
        """The buckets of this name that the token may read, in one organisation or in all."""
        try:
            return self._list(ask, "/api/v2/buckets", [("name", self._bucket), *organisation], _Buckets).buckets
        except BucketMissing:  # as a token is told that may see all of them
            return []

    def _is_of(self, ours: set[str], ask: Ask) -> bool:
        """Whether the token is one of those that the organisation has."""
        whole = partial(ask, pages=True)
        accounts = [
            account
            for identity in ours
            for account in self._list(whole, "/api/v2/authorizations", [("orgID", identity)], _Accounts).authorizations
        ]
        return any(account.token == self._token for account in accounts)

    def _list(self, ask: Ask, path: str, query: Names, kind: type[Document]) -> Document:
        """A list of the API."""
        answer = ask(path, query)
        if answer.status == 200:
            try:
                return msgspec.json.decode(answer.body, type=kind)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise _Untold(f"{path}: {error}") from error
        fault = fault_of_request(answer, self._url, self._bucket, "read")
        if isinstance(fault, StoreBusy) or answer.status == 401 or "organi" in answer.message:
            raise fault
        if isinstance(fault, BucketMissing) and NO_BUCKET.match(answer.message):
            raise fault
        raise _Untold(f"{path} answers {answer.status}: {answer.message}")
