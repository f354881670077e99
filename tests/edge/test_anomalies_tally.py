"""How many anomalies each series had, and the rarest of them."""

from edge.anomalies.change import AnomalyChange
from edge.anomalies.tally import Tally
from edge.contract.times import SECOND

START = 1_789_999_200 * SECOND  # 2026-09-21 14:00 UTC


def change(series: str, minute: int, rarity: float, *, raised: bool = True) -> AnomalyChange:
    """A change of a series."""
    return AnomalyChange(series, raised, START + minute * 60 * SECOND, 1.0, 0.0, None, None, rarity)


def test_series_with_most_anomalies_come_first_and_the_rarest_are_named() -> None:
    """What is cleared is not counted; five series were looked at, of which two had some."""
    tally = Tally()
    tally.add([change("b", 0, 120.0), change("b", 5, 0.0, raised=False)])
    tally.add([change("a.long", minute, 100.0 + minute) for minute in (1, 4, 3, 2)])
    assert tally.lines(5) == [
        "series  anomalies  the rarest of them (expected once in)",
        "a.long          4  2026-09-21T14:04:00Z (104 days), 2026-09-21T14:03:00Z (103 days), 2026-09-21T14:02:00Z (102 days)",
        "b               1  2026-09-21T14:00:00Z (120 days)",
        "3 of 5 series had none",
    ]


def test_a_long_list_is_cut() -> None:
    """A line says how many more there are."""
    tally = Tally()
    tally.add([change(f"s{number:02}", 0, 900.0) for number in range(22)])
    lines = tally.lines(22)
    assert (len(lines), lines[-1]) == (22, "and 2 more series with anomalies")
    assert lines[1].endswith("(2 years)")


def test_quiet_series_are_one_line() -> None:
    """That nothing was found is an answer too."""
    assert Tally().lines(7) == ["no anomaly: 7 series were looked at"]
