"""What a fleet is called in Prefect, where several fleets may share one server."""

import hashlib
import re
from pathlib import Path

from edge.config.sections import Config

LONGEST = 40  # characters of what a person has named


def fleet_name(config_path: Path, config: Config) -> str:
    """A name of a-z, 0-9 and -, as keys of artifacts need it.

    Two configurations have two names: that of the folder with a digest of file, registry and channel behind it, unless
    `[schedule] name` says another one.
    """
    path = config_path.resolve()
    readable = re.sub("[^a-z0-9]+", "-", (config.schedule.name or path.parent.name).lower()).strip("-")[:LONGEST] or "fleet"
    if config.schedule.name:
        return readable
    identity = "\n".join((str(path), str(Path(config.registry.path).resolve()), config.registry.channel))
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:6]}"
