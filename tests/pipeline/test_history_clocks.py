"""The clock of a fleet is that of its configuration, and the same whenever the fleet is trained."""

import sys
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from edge.config.training_sections import Fleet
from edge.contract.contract import Contract
from edge.contract.times import SECOND, parse_time
from edge.errors import ConfigurationError
from pipeline.history.defaults import clock_of, public_holidays, with_clock

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 24)


def hour_of(fleet: Fleet, moment: str) -> float:
    """What the clock of a fleet shows, in hours."""
    told = clock_of(fleet).at(np.array([parse_time(moment)]))[0]
    return round(float(np.arctan2(told[0], told[1])) * 12 / np.pi % 24, 3)


def test_a_fleet_without_a_time_zone_lives_by_utc() -> None:
    """Summer time is that of the zone, in 2000 as in 2060."""
    berlin = Fleet(time_zone="Europe/Berlin")
    moments = ("2000-01-01T10:00Z", "2026-07-01T10:00Z", "2060-07-01T10:00Z", "2060-12-31T10:00Z")
    assert [hour_of(Fleet(), moment) for moment in moments] == [10, 10, 10, 10]
    assert [hour_of(berlin, moment) for moment in moments] == [11, 12, 12, 11]


def test_holidays_are_asked_for_all_years_that_readings_may_have() -> None:
    """They are kept as dates, and a fleet without holidays asks nobody."""
    asked: list[tuple[str, int, int]] = []

    def dates(code: str, first: int, last: int) -> list[date]:
        asked.append((code, first, last))
        return [date(1970, 1, 11), date(1970, 1, 3)]

    assert clock_of(Fleet(holidays="DE-BW"), dates).holidays == (2, 10)
    assert clock_of(Fleet(), dates).holidays == ()
    assert asked == [("DE-BW", 2000, 2060)]


def test_weeks_are_learned_of_where_there_are_some() -> None:
    """Networks of a longer history look at the clock; those of a short one cannot tell one Monday from all Mondays."""
    fleet = Fleet(time_zone="Europe/Berlin")
    long, short = (with_clock(CONTRACT, fleet, intervals) for intervals in (180 * 24, 180 * 24 - 1))
    assert long == replace(CONTRACT, inputs=(clock_of(fleet),))
    assert short == long.plain == CONTRACT


def test_a_wrong_zone_is_told_however_short_the_history_is() -> None:
    """Else the mistake would show months later."""
    with pytest.raises(ConfigurationError, match="did you mean Europe/Berlin"):
        with_clock(CONTRACT, Fleet(time_zone="Europe/Berlni"), 100)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who asks for holidays needs it."""
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ConfigurationError, match=r"needs the library holidays on the trainer; .*pip install"):
        clock_of(Fleet(holidays="DE"))


def test_an_unknown_country_is_told_with_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong part of a country gets the list of its parts; the library is stood in for by its documented answers."""

    def country_holidays(country: str, subdiv: str | None, years: range) -> list[date]:
        if country != "DE" or subdiv not in (None, "BW", "BY"):
            raise NotImplementedError(f"{country} {subdiv}")
        return [date(year, 12, 25) for year in reversed(years)]

    library = SimpleNamespace(
        country_holidays=country_holidays,
        list_supported_countries=lambda: {"DE": ["BW", "BY"]},
        registry=SimpleNamespace(COUNTRIES={"germany": ("Germany", "DE", "DEU")}),
    )
    monkeypatch.setitem(sys.modules, "holidays", library)
    assert public_holidays("DE-BW", 2024, 2025) == [date(2024, 12, 25), date(2025, 12, 25)]
    with pytest.raises(ConfigurationError, match="nothing is known of 'XX'; write a country as DE, or a part of one as DE-BW"):
        public_holidays("XX", 2024, 2025)
    with pytest.raises(ConfigurationError, match="nothing is known of 'DE-ZZ'; its parts are BW, BY"):
        public_holidays("DE-ZZ", 2024, 2025)


def test_holidays_of_the_library_are_those_of_the_place() -> None:
    """Epiphany is one in Baden-Württemberg and not in Berlin."""
    pytest.importorskip("holidays")
    epiphany = date(2025, 1, 6)
    assert epiphany in public_holidays("DE-BW", 2025, 2025)
    assert epiphany not in public_holidays("DE-BE", 2025, 2025)
    with pytest.raises(ConfigurationError, match=r"nothing is known of 'DE-ZZ'; its parts are .*BW"):
        public_holidays("DE-ZZ", 2025, 2025)
