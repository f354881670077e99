"""Rules that cannot work are refused with a line that says what to write."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edge.alerts.rule import MOST_RULES, AlertRule, check_alerts, unmatched
from edge.config.reading import read_config
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from tests.support.documented import ROOT

MINUTE = 60 * SECOND
CONTRACT = Contract(interval=10 * MINUTE, window=24, horizon=12)


def rule(**keys: object) -> AlertRule:
    """A rule for above 0, unless the keys say otherwise."""
    return AlertRule(**{"name": "hot", "above": 0.0, **keys})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"name": "too hot!"}, "name: expected 1 to 60 letters"),
        ({"series": ()}, "series: expected names of series"),
        ({"series": ("a", "")}, "series: expected names of series"),
        ({"above": None}, "expected exactly one of above, below, rises_by, falls_by, leaves; got none"),
        ({"below": 1.0}, "expected exactly one of above, below, rises_by, falls_by, leaves; got above and below"),
        ({"above": float("nan")}, "above: expected a finite number, in the unit of the series; got nan"),
        ({"above": None, "rises_by": 0.0}, "rises_by: expected a number above 0, in the unit of the series; got 0.0"),
        ({"above": None, "leaves": "80"}, "leaves: expected a share of the readings between 0 and 100 %"),
        ({"above": None, "leaves": "100 %"}, "leaves: expected a share of the readings between 0 and 100 %"),
        ({"probability": 0.2}, "hysteresis: expected less than probability, 0.2, or it is never cleared; got 0.2"),
        ({"within": "2 fortnights"}, "within: '2 fortnights' is no duration"),
        ({"within": "0s"}, "within: "),
        ({"clear_after": "soon"}, "clear_after: 'soon' is no duration"),
    ],
)
def test_rule_that_cannot_work_is_refused_with_its_name(keys: dict[str, object], words: str) -> None:
    """The line begins with the section and says what to write."""
    with pytest.raises(ConfigurationError, match=rf"^\[\[alert\]\] name '.*': {re.escape(words)}"):
        check_alerts([rule(**keys)])


def test_two_rules_of_one_name_and_too_many_are_refused() -> None:
    """Rows of the store could not be told apart."""
    with pytest.raises(ConfigurationError, match=r"number 2, name 'hot': there is one of this name before"):
        check_alerts([rule(), rule(series="b")])
    with pytest.raises(ConfigurationError, match="at most 100 sections"):
        check_alerts([rule(name=f"hot{number}") for number in range(MOST_RULES + 1)])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("abov = 3", "[[alert]] name 'hot': abov is unknown; did you mean 'above'?"),
        ('above = "32 °F"', "[[alert]] name 'hot': above: expected a number"),
        ("above = 1\nprobability = 1.5", "[[alert]] name 'hot': probability: expected"),
        ("above = 1\nprobability = 80", "[[alert]] name 'hot': probability: expected"),
        ("above = 1\nbelow = 0", "[[alert]] name 'hot' expected exactly one of"),
    ],
)
def test_what_stands_in_the_file_is_checked_when_it_is_read(tmp_path: Path, line: str, words: str) -> None:
    """As any other section."""
    path = tmp_path / "gatecast.toml"
    path.write_text(f'[[alert]]\nname = "hot"\n{line}\n', "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_config(path)
    assert words.replace("'hot' ", "'hot': ") in str(caught.value) or words in str(caught.value)


def test_documented_sections_are_taken_as_they_stand(tmp_path: Path) -> None:
    """Each condition is there."""
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "alerts.md").read_text("utf-8"), re.DOTALL)
    path = tmp_path / "gatecast.toml"
    path.write_text(block, "utf-8")
    rules = read_config(path).alert
    assert [rule.condition for rule in rules] == ["above", "below", "rises_by", "leaves"]
    assert msgspec.to_builtins(rules[0])["above"] == tomllib.loads(block)["alert"][0]["above"]


def test_names_are_chosen_as_in_a_shell() -> None:
    """`*` stands for any letters, `?` for one; large and small letters differ."""
    freezers = rule(series=("freezer.*", "roof.t?"))
    names = ["freezer.kitchen", "freezer.a.b", "Freezer.kitchen", "roof.t1", "roof.t12", "freezer"]
    assert [freezers.takes(name) for name in names] == [True, True, False, True, False, False]


def test_rule_that_takes_no_series_is_named_with_one_that_there_is() -> None:
    """And with the number of further ones."""
    assert unmatched([rule(series="a*")], ["ab", "c"]) is None
    line = unmatched([rule(series="x*"), rule(name="cold", series="y")], ["ab", "c"])
    assert line is not None
    assert line.startswith("[[alert]] name 'hot': series 'x*' takes none of the 2 series, such as 'ab', and 1 more rules")
    assert "none is known yet" in str(unmatched([rule()], []))


def test_times_are_whole_intervals_within_the_horizon() -> None:
    """One interval at least, the horizon at most and where nothing is said."""
    assert [rule(within=text).leads(CONTRACT) for text in ("30min", "35min", "1s", "1d", None)] == [3, 3, 1, 12, 12]
    assert rule().patience(CONTRACT) == 20 * MINUTE
    assert rule(clear_after="0s").patience(CONTRACT) == 0


def test_shortfall_of_a_bundle_is_said() -> None:
    """A rule that looks too far, and forecasts that have only a median."""
    assert rule(within="2h").shortfall(CONTRACT) is None
    assert "beyond the horizon of the forecasts, 2h" in str(rule(within="3h").shortfall(CONTRACT))
    assert "probability is 0 or 1" in str(rule().shortfall(replace(CONTRACT, quantiles=(0.5,))))


def test_words_say_what_is_asked_for() -> None:
    """In a line."""
    text = "hot: freezer.* above -15 within 2h, raised from a probability of 0.5 on"
    freezer = rule(series="freezer.*", above=-15.0, within="2h")
    assert freezer.words() == text
    assert freezer.words("°C") == text.replace("-15", "-15 °C")
    assert rule(above=None, leaves="80 %").words("°C") == "hot: * leaves 80 %, raised from a probability of 0.5 on"
