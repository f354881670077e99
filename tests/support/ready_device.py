"""A device that is ready: a configuration, a registry of one baseline bundle, and `gatecast-agent` to run there."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle, write_bundle
from edge.forecaster.manifest import Manifest, encode_manifest, version_of
from edge.release.channel import Channel

AGENT = Path(sys.executable).with_name("gatecast-agent")
CONTRACT = Contract(interval=60 * SECOND, window=5, horizon=3, max_missing=1.0)
START = 1_768_478_400  # 2026-01-15T12:00:00Z
HEAVY = ("tensorflow", "keras", "prefect", "polars", "pandas", "influxdb_client", "matplotlib", "rich")
COMMANDS: tuple[list[str], ...] = ([], ["run"], ["check"], ["replay"])


@dataclass
class Device:
    """A folder with a configuration, a registry of one baseline bundle, and the agent's state."""

    folder: Path

    def __post_init__(self) -> None:
        """Write it all."""
        created = datetime(2026, 1, 15, tzinfo=UTC)
        version = version_of(created, "last_value", b"")
        manifest = Manifest(version, CONTRACT, ["roof"], created.isoformat(), "0.1.0", baseline="last_value")
        self.bundle = write_bundle(self.folder / "registry", Bundle(manifest))
        content = encode_manifest(manifest)
        channel = Channel(version, version, hashlib.sha256(content).hexdigest(), len(content), created.isoformat())
        (self.folder / "registry" / "live.json").write_bytes(msgspec.json.encode(channel))
        self.configure('[release]\nchannel = "registry/live.json"\n')

    def configure(self, text: str) -> None:
        """Another configuration."""
        (self.folder / "gatecast.toml").write_text(text)

    def readings(self, rows: list[tuple[str, object, object]], header: str = "series,time,value") -> str:
        """A CSV of these rows; returns its name."""
        lines = [header, *(",".join(map(str, row)) for row in rows)]
        (self.folder / "readings.csv").write_text("\n".join(lines) + "\n")
        return "readings.csv"

    def run(self, *arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
        """The program's answer."""
        environment = {**os.environ, "COLUMNS": str(columns), "PYTHONDONTWRITEBYTECODE": ""}
        return subprocess.run(
            [AGENT, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
