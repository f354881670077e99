"""What `[anomaly]` may say."""

import pytest

from edge.anomalies.rule import AnomalyRule
from edge.errors import ConfigurationError


def test_nothing_is_looked_at_unless_somebody_asks() -> None:
    """The default is off."""
    assert AnomalyRule().days is None
    AnomalyRule().check()


def test_every_is_a_time() -> None:
    """In days."""
    rule = AnomalyRule(every="36h")
    rule.check()
    assert rule.days == 1.5


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (AnomalyRule(every="1h"), 'every must be from "1d" to "3650d", or "off"; got \'1h\''),
        (AnomalyRule(every="4000d"), 'every must be from "1d"'),
        (AnomalyRule(every="often"), r"\[anomaly\] every: .*; or off"),
        (AnomalyRule(every="9d", series=()), "series names none"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(rule: AnomalyRule, text: str) -> None:
    """The line names the key."""
    with pytest.raises(ConfigurationError, match=text):
        rule.check()


def test_series_are_chosen_by_their_names() -> None:
    """One pattern or several."""
    assert AnomalyRule().takes("anything")
    assert [AnomalyRule(series=("a.*", "b?")).takes(name) for name in ("a.x", "b1", "b10", "A.x")] == [True, True, False, False]
