"""The time zone of this machine: the devices of a house mostly have the same."""

import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def machine_zone(
    environment: Mapping[str, str] = os.environ,
    timezone: Path = Path("/etc/timezone"),
    localtime: Path = Path("/etc/localtime"),
) -> str | None:
    """Name of the zone that this machine is set to; None where it names none.

    Args:
        environment: variables, of which `TZ` comes first.
        timezone: file that holds the name on Debian.
        localtime: link into the zone database elsewhere.
    """
    names = [environment.get("TZ", "").removeprefix(":")]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        names.append(timezone.read_text(encoding="utf-8").strip())
    names.append(str(localtime.resolve()).rpartition("zoneinfo/")[2])
    return next((name for name in names if _known(name)), None)


def _known(name: str) -> bool:
    try:
        return bool(name) and "/" in name and not name.startswith(("/", "Etc/")) and ZoneInfo(name) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def zone_at(offset: int, zone: str | None, moment: datetime) -> str | None:
    """The zone, if it is so far ahead of UTC at a moment; else None.

    Args:
        offset: ns ahead of UTC.
        zone: name of a zone, or None.
        moment: the moment.
    """
    if zone is None:
        return None
    ahead = moment.astimezone(UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return zone if ahead == timedelta(microseconds=offset / 1000) else None
