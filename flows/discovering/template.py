"""The configuration that `gatecast init --discover` writes: the template with the broker and the rules that were found."""

import re

from edge.errors import HistoryError
from flows.output.discovered import overview, sections
from pipeline.discovery.finder import Discovery
from pipeline.discovery.toml_text import text_of

_URL = re.compile(r"^url = .*$", re.MULTILINE)
_RULES = re.compile(r"^\[\[ingest\]\].*?(?=^\[store\])", re.MULTILINE | re.DOTALL)


def with_rules(template: str, discovery: Discovery, broker: str) -> str:
    """The template, with another broker and other rules.

    Args:
        template: text of the template.
        discovery: result of the search.
        broker: URL of the broker.

    Raises:
        HistoryError: no rule was found.
    """
    if not discovery.findings:
        hint = "gatecast discover lists what was heard, and --seconds 300 listens longer"
        raise HistoryError(f"no rule could be made of {discovery.messages:,} messages on {discovery.topics:,} topics; {hint}")
    rules = f"{overview(discovery, broker)}\n\n{sections(discovery)}\n\n"
    text = _URL.sub(lambda _: f"url = {text_of(broker)}", template, count=1)
    return _RULES.sub(lambda _: rules, text, count=1)
