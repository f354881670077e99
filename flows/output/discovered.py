"""What `gatecast discover` tells: tables as comments, and sections that a configuration can take as they stand."""

from collections.abc import Iterator

import msgspec
from rich.console import Console

from edge.quoting import counted, one_line
from flows.output.tables import rich_table
from pipeline.discovery.finder import Discovery, Finding
from pipeline.discovery.toml_text import comment, section
from pipeline.report.page import Grid, number, percent

WIDTH = 118  # characters of a line of a table
LONGEST = 48  # characters of a topic in a table
MOST_UNREAD = 40  # shapes that are listed
LOW = 0.95  # share of a rule's numbers below which a comment names it


def discovered_text(discovery: Discovery, broker: str) -> str:
    """All of it as TOML: what was heard and what was not read in comments, and a section for each rule.

    Args:
        discovery: result of the search.
        broker: URL of the broker.
    """
    return "\n\n".join(part for part in (overview(discovery, broker), sections(discovery)) if part)


def overview(discovery: Discovery, broker: str) -> str:
    """What was heard, what the rules read and what they do not, as comments."""
    return "\n\n".join([_summary(discovery, broker), *_tables(discovery)])


def sections(discovery: Discovery) -> str:
    """The `[[ingest]]` sections, each with a comment."""
    return "\n\n".join(section(finding.proposal.rule, _notes(finding)) for finding in discovery.findings)


def discovered_document(discovery: Discovery, broker: str) -> dict[str, object]:
    """The same as data."""
    return {
        "broker": broker,
        "seconds": round(discovery.seconds, 1),
        "topics": discovery.topics,
        "messages": discovery.messages,
        "rules": [
            {
                "rule": {
                    key: value
                    for key, value in msgspec.to_builtins(finding.proposal.rule).items()
                    if value not in (None, {}, [], ())
                },
                "topics": [topic.heard.name for topic in finding.proposal.topics],
                "messages_per_minute": round(finding.messages, 2),
                "readings_per_minute": round(finding.readings, 2),
                "series": finding.series,
                "share": round(finding.count.share, 4),
                "notes": list(finding.proposal.notes),
            }
            for finding in discovery.findings
        ],
        "unread": [msgspec.to_builtins(entry) for entry in discovery.unread],
        "share": round(discovery.count.share, 4),
        "left_out": discovery.count.left_out,
        "toml": sections(discovery),
    }


def _summary(discovery: Discovery, broker: str) -> str:
    count = discovery.count
    lines = [
        f"heard {counted(discovery.messages, 'message')} on {counted(discovery.topics, 'topic')} of {broker} "
        f"in {discovery.seconds:.0f} s"
        + (f"; {counted(discovery.system, 'topic')} of the broker itself left out" if discovery.system else "")
    ]
    if discovery.further:
        lines.append(
            f"{counted(discovery.further, 'message')} of further topics not looked at: name a part of the topics with --topic"
        )
    if discovery.findings:
        left = (
            f"; {count.left_out:,} more are left out on purpose, such as times, numbers of ports and signal strengths"
            if count.left_out
            else ""
        )
        lines.append(f"the rules below read {percent(count.share)} of the numbers that were heard{left}")
    return "\n".join(comment(line) for line in lines)


def _tables(discovery: Discovery) -> Iterator[str]:
    if discovery.findings:
        headers = ("rule", "format", "topics", "messages/min", "readings/min", "series", "read")
        yield _table(Grid(headers, tuple(map(_row, discovery.findings))), ("format",))
    if discovery.unread:
        shown = discovery.unread[:MOST_UNREAD]
        rows = tuple((_cut(entry.shape), str(entry.topics), entry.reason, entry.sample) for entry in shown)
        more = len(discovery.unread) - len(shown)
        end = f"\n# and {more} more" if more else ""
        yield f"# not read:\n{_table(Grid(('topic', 'topics', 'why', 'sample'), rows), ('why', 'sample'))}{end}"


def _table(grid: Grid, words: tuple[str, ...]) -> str:
    console = Console(highlight=False, markup=False, width=WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(rich_table(grid, words=words))
    return "\n".join(f"# {line.rstrip()}".rstrip() for line in captured.get().rstrip().splitlines())


def _row(finding: Finding) -> tuple[str, ...]:
    rule, proposal = finding.proposal.rule, finding.proposal
    return (
        _cut(" ".join(filter(None, (rule.preset and f"preset {rule.preset}", rule.topic)))),
        "preset" if rule.preset else rule.format or "json",
        str(len(proposal.topics)),
        number(finding.messages),
        number(finding.readings),
        str(finding.series),
        percent(finding.count.share),
    )


def _cut(topic: str) -> str:
    topic = one_line(topic)
    return topic if len(topic) <= LONGEST else f"{topic[: LONGEST - 3]}..."


def _notes(finding: Finding) -> tuple[str, ...]:
    proposal = finding.proposal
    topics = [topic.heard.name for topic in proposal.topics]
    what = f"{len(topics)} topics such as {topics[0]}" if len(topics) > 1 else f"topic {topics[0]}"
    series = f"{finding.series} series, such as {', '.join(finding.examples)}"
    notes = [f"{what}: {number(finding.readings)} readings a minute of {series}"]
    if proposal.retained_only == len(topics):
        notes.append("only messages that the broker had kept were heard; readings come when the devices speak")
    if finding.count.share < LOW:
        notes.append(f"it reads {percent(finding.count.share)} of the numbers in the samples")
    return (*notes, *proposal.notes)
