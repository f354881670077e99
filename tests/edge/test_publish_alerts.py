"""Alerts that wait to be published."""

import json
from dataclasses import replace

from edge.alerts.change import AlertChange
from edge.contract.times import SECOND
from edge.publish.alerts import Standing, document
from tests.support.documented import ROOT

START = 1_789_999_200 * SECOND


def change(series: str = "t", *, raised: bool = True) -> AlertChange:
    """A change with all its numbers."""
    return AlertChange(
        "warm", series, raised, 0.85714, START + 600 * SECOND, START, None, START, "m", turned=True, beyond=False
    )


def test_the_last_change_waits() -> None:
    """It takes the room of an earlier one, and waits no longer once it was taken."""
    standing = Standing()
    standing.put([change(), change(raised=False), change("u")])
    assert standing.take(1) == [change(raised=False)]
    assert standing.take(5) == [change("u")]
    assert standing.take(5) == []
    assert standing.of("warm", "t") == change(raised=False)
    assert standing.of("warm", "x") is None


def test_what_is_told_of_a_series_waits_no_longer() -> None:
    """Its last change was sent with its device."""
    standing = Standing([change("old")])
    assert standing.take(5) == []
    assert standing.of("warm", "old") == change("old")
    standing.put([change()])
    assert standing.of("warm", "t") == change()
    assert standing.take(5) == []


def test_every_key_of_an_alert_is_documented() -> None:
    """In the paragraph about alerts of the page about publishing."""
    page = (ROOT / "docs" / "publish.md").read_text("utf-8")
    (paragraph,) = [text for text in page.split("\n\n") if text.startswith("An alert has ")]
    assert [key for key in json.loads(document("warm", "t", change())) if f"`{key}`" not in paragraph] == []


def test_an_alert_has_times_for_people() -> None:
    """A moment that nobody knows is null; an alert that was never raised is not raised."""
    assert json.loads(document("warm", "t", change())) == {
        "rule": "warm",
        "series": "t",
        "raised": True,
        "probability": 0.8571,
        "crossing": "2026-09-21T14:10:00Z",
        "earliest": "2026-09-21T14:00:00Z",
        "latest": None,
        "beyond": False,
        "origin": "2026-09-21T14:00:00Z",
        "model": "m",
    }
    assert json.loads(document("warm", "t", None)) == {"rule": "warm", "series": "t", "raised": False}


def test_the_latest_moment_of_a_crossing_is_told() -> None:
    """Beside the earliest and the likely one."""
    told = json.loads(document("warm", "t", replace(change(), latest=START + 1200 * SECOND)))
    assert [told[name] for name in ("earliest", "crossing", "latest")] == [
        f"2026-09-21T14:{minute}:00Z" for minute in ("00", "10", "20")
    ]
