"""One `[[history]]` section: which database, and what its rows mean."""

import re

import msgspec

from edge.contract.meaning import Kind
from edge.contract.times import TimeUnit
from edge.contract.zones import Zone
from edge.errors import ConfigurationError
from edge.quoting import holds_secret, quoted, without_account
from edge.stores.address import Address
from edge.tls import TlsFiles

INFLUX = ("influxdb", "influxdbs")
SQLITE = "sqlite"
PARQUET = "parquet"
EXAMPLES = "influxdb://host:8086/database, sqlite:///file, postgresql://user@host/database or parquet:///folder"
OF_INFLUX = ("measurement", "field", "where", "series", "separator", "token_file", "ca_file", "cert_file", "key_file")
OF_DATABASES = ("query", "timezone", "time_unit", "password_file")


class HistorySource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A database with readings from before Gatecast, read in place for training and for the agent's windows; never written.

    Args:
        url: address of the database, as the list of sources in docs/history.md has it.
        measurement: InfluxDB: measurements to read; `*` stands for any characters.
        field: InfluxDB: fields to read, with `*` as above; left out: `value` in the schema of Home Assistant, else all numbers.
        where: InfluxDB: tags that a row must have, such as `{host = "pi"}`, with `*` as above; left out: any.
        series: InfluxDB: name of the series, made of tags, `{measurement}` and `{field}`; left out: as docs/history.md has it.
        separator: InfluxDB: text between the levels of a path in names of fields, such as the `_` of Telegraf; left out: a
            field is one level where a rule takes all values.
        query: databases: one SELECT that gives the columns `series`, `time` and `value`; left out: the file is one of Home
            Assistant's or of Gatecast's own.
        timezone: databases: zone of times without one, such as `Europe/Berlin`.
        time_unit: databases: unit of a time that is a number: `auto`, `s`, `ms`, `us` or `ns`.
        rename: names of series as they are in the database, and the names to use instead; left out: as they are.
        drop: names of series to leave out, with `*` as above.
        unit: unit of all values, for people; left out: that of the database where it has one.
        kind: meaning of the values: `gauge`, or `counter` for meters that only grow; left out: as `[[ingest]]` or the database
            says.
        scale: number that values are multiplied by, where the device's rules do so with live ones.
        offset: number that is added to values after that; left out: none.
        token_file: InfluxDB: file with the token; left out: the token comes from GATECAST_INFLUX_TOKEN.
        password_file: databases: file with the password of the user in `url`; left out: the database's own ways, such as
            PGPASSWORD.
        ca_file: InfluxDB: PEM file with the certificates that a server is trusted by; left out: those of the system.
        cert_file: InfluxDB: PEM file with our own certificate, for a server that asks for one.
        key_file: InfluxDB: PEM file with its private key; left out: the key stands in `cert_file`.
        allow_unencrypted: InfluxDB: true: the token goes without TLS to any server; false: only to one on this machine; left
            out: also to one in a private network, with a warning.
    """

    url: str
    measurement: str = "*"
    field: str | None = None
    where: dict[str, str] | None = None
    series: str | None = None
    separator: str | None = None
    query: str | None = None
    timezone: str = "UTC"
    time_unit: TimeUnit = "auto"
    rename: dict[str, str] | None = None
    drop: tuple[str, ...] = ()
    unit: str | None = None
    kind: Kind | None = None
    scale: float = 1.0
    offset: float | None = None
    token_file: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    allow_unencrypted: bool | None = None

    @property
    def scheme(self) -> str:
        """The word before `://`, without a driver behind a `+`."""
        return self.url.partition("://")[0].partition("+")[0]

    @property
    def tls(self) -> TlsFiles:
        """The files for encrypted connections."""
        return TlsFiles("[history]", self.ca_file, self.cert_file, self.key_file, self.allow_unencrypted)

    def in_the_open(self) -> str | None:
        """A warning that the token goes to an InfluxDB without encryption, or None.

        Raises:
            ConfigurationError: it must not go there, or its file cannot be read.
        """
        return Address.parse(self.url, self.token_file, self.tls).in_the_open() if self.scheme in INFLUX else None

    @property
    def label(self) -> str:
        """The name of the source in messages."""
        return f"[[history]] {without_account(self.url)}"

    def check(self) -> None:
        """Refuse what can be seen without the database.

        Raises:
            ConfigurationError: no database has such a URL, or a key does not go with it.
        """
        if holds_secret(self.url):
            raise ConfigurationError("[[history]] url: keep secrets out of it; name password_file or token_file instead")
        if not re.fullmatch(r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?://.*", self.url, re.DOTALL):
            raise ConfigurationError(f"[[history]] url {without_account(self.url)!r} is no URL; write {EXAMPLES}")
        wrong: tuple[str, ...]
        if self.scheme in INFLUX:
            wrong, kind = OF_DATABASES, "an InfluxDB"
        elif self.scheme == PARQUET:
            wrong, kind = (*OF_INFLUX, "query", "password_file"), "a Parquet folder"
        else:
            wrong, kind = OF_INFLUX, "a database"
        plain = HistorySource(self.url)
        unfit = next((key for key in wrong if getattr(self, key) != getattr(plain, key)), None)
        if unfit is not None:
            raise ConfigurationError(f"{self.label}: {unfit} does not go with {kind}; take it out")
        if self.scheme in INFLUX:
            self.tls.check(encrypted=self.scheme == INFLUX[1], instead=f"{INFLUX[1]}://")
        self._check_values()

    def _check_values(self) -> None:
        """Refuse values that no database makes right."""
        try:
            Zone(self.timezone)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.label}: timezone: {error}") from error
        for key in ("series", "separator", "query"):
            if getattr(self, key) is not None and not getattr(self, key).strip():
                raise ConfigurationError(f"{self.label}: {key} is empty; write one, or leave the line out")
        if self.query is not None and self.query.split(maxsplit=1)[0].lower() not in ("select", "with"):
            raise ConfigurationError(f"{self.label}: query: history is only read; write one SELECT, got {quoted(self.query)}")
        if self.scale == 0:
            raise ConfigurationError(f"{self.label}: a scale of 0 makes all values equal; write another number")
