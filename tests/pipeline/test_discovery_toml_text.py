"""A rule that is written is the rule that is read."""

import tomllib

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.messages.presets.table import PRESETS
from edge.messages.rule import IngestRule, ValueRule
from pipeline.discovery.toml_text import WIDTH, comment, section, text_of


def read(text: str) -> IngestRule:
    """The rule in a section."""
    (document,) = tomllib.loads(text)["ingest"]
    return msgspec.convert(document, IngestRule)


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)


@settings(max_examples=40)
@given(TEXTS, TEXTS.filter(bool), TEXTS)
def test_any_text_survives(text: str, key: str, note: str) -> None:
    """As a value, as a key, and as a note that stays a comment."""
    rule = IngestRule(
        text, value=text, drop=(text, key), values={key: ValueRule(text, kind="counter", scale=0.5)}, map={key: 1.5}
    )
    assert read(section(rule, (note,))) == rule
    assert tomllib.loads(comment(note)) == {}


def test_every_rule_of_every_preset_survives() -> None:
    """Their values have no path of their own, which TOML has no word for."""
    for rule in (rule for rules in PRESETS.values() for rule in rules):
        assert read(section(rule)) == rule


def test_only_what_says_something_is_written() -> None:
    """In the order in which a person reads it."""
    rule = IngestRule("a/{device}", format="plain", skip=("a/x",), suffix=True, fill="hold", time="")
    assert section(rule, ("why",)) == (
        '# why\n[[ingest]]\ntopic = "a/{device}"\nskip = ["a/x"]\nformat = "plain"\ntime = ""\nsuffix = true\nfill = "hold"'
    )


def test_whole_numbers_have_no_point() -> None:
    """As a person writes them; others keep all of their digits."""
    rule = IngestRule("a", map={"ON": 1.0, "half": 0.5}, ignore=(-127.0, 1e300))
    assert section(rule).endswith("map = {ON = 1, half = 0.5}\nignore = [-127, 1e300]")
    assert read(section(rule)) == rule


def test_a_comment_is_broken_between_words() -> None:
    """Each line begins with its sign."""
    lines = comment("word " * 60).splitlines()
    assert len(lines) > 2
    assert all(line.startswith("#") and len(line) <= WIDTH for line in lines)


def test_a_text_is_quoted() -> None:
    """Signs that TOML forbids are escaped."""
    assert text_of('a"\n\x7f') == '"a\\"\\n\\u007f"'
