"""The zone of this machine."""

from datetime import UTC, datetime
from pathlib import Path

from flows.discovering.zone import machine_zone, zone_at

HOUR = 3600 * 10**9
SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def test_the_zone_comes_from_the_environment_or_from_files(tmp_path: Path) -> None:
    """The first that names a zone with rules."""
    timezone, localtime = tmp_path / "timezone", tmp_path / "localtime"
    assert machine_zone({}, timezone, localtime) is None
    (tmp_path / "zoneinfo" / "America").mkdir(parents=True)
    (tmp_path / "zoneinfo" / "America" / "Vancouver").touch()
    localtime.symlink_to(tmp_path / "zoneinfo" / "America" / "Vancouver")
    assert machine_zone({}, timezone, localtime) == "America/Vancouver"
    timezone.write_text("Etc/UTC\n")
    assert machine_zone({}, timezone, localtime) == "America/Vancouver"
    timezone.write_text("Europe/Berlin\n")
    assert machine_zone({}, timezone, localtime) == "Europe/Berlin"
    assert machine_zone({"TZ": ":Asia/Kolkata"}, timezone, localtime) == "Asia/Kolkata"
    assert machine_zone({"TZ": "CET-1CEST"}, timezone, localtime) == "Europe/Berlin"
    assert machine_zone({"TZ": "No/Where"}, timezone, localtime) == "Europe/Berlin"


def test_a_zone_fits_an_offset_at_a_moment() -> None:
    """In summer another one than in winter."""
    assert zone_at(2 * HOUR, "Europe/Berlin", SUMMER) == "Europe/Berlin"
    assert zone_at(2 * HOUR, "Europe/Berlin", WINTER) is None
    assert zone_at(-8 * HOUR, "America/Vancouver", WINTER) == "America/Vancouver"
    assert zone_at(0, None, SUMMER) is None
