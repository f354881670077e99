"""The keys of `[[ingest]]` and of the entries of `values`."""

from msgspec.structs import fields

from edge.messages.rule import IngestRule, ValueRule


def test_an_entry_of_values_has_no_key_that_a_rule_has_not() -> None:
    """Beside its path; and each says the same of its value as for the whole rule."""
    of_rule = {field.name: field.type for field in fields(IngestRule)}
    assert {field.name for field in fields(ValueRule)} - set(of_rule) == {"path"}
    assert all(of_rule[field.name] == field.type for field in fields(ValueRule) if field.name != "path")
