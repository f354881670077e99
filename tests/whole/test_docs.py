"""What the documentation names is there: commands, links, settings, make targets, tests, records."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import edge.cli
import flows.cli
from edge.config.fleet import LONGEST_WINDOW, contract_at
from edge.config.mistakes import section_of
from edge.config.reading import read_config
from edge.config.sections import Config
from edge.config.training_sections import Fleet
from edge.contract.times import SECOND
from tests.support.documented import ROOT, blocks

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "deploy" / "README.md",
        ROOT / "flows" / "data" / "README.md",
    ]
)
MINUTE = 60 * SECOND
PARSERS = {"gatecast": flows.cli.make_parser, "gatecast-agent": edge.cli.make_parser}
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def inline(text: str) -> list[str]:
    """Inline code outside fences."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def commands(text: str) -> Iterator[list[str]]:
    """Every command line of ours: lines of shell blocks, and inline code that goes beyond the program's name."""
    lines = [line for block in blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *inline(text)]:
        match = re.search(r"(?:^|[\s/])(gatecast(?:-agent)? (?:[a-z]|--).*)", line)
        if match and not re.match(r"(install|systemctl|journalctl|docker build) ", line):
            yield shlex.split(match[1].partition(" > ")[0], comments=True)


def settings() -> dict[str, type[msgspec.Struct]]:
    """Sections of the configuration."""
    return {field.name: section_of(field.type) for field in msgspec.structs.fields(Config)}


@pages
def test_every_command_parses(page: Path) -> None:
    """Every `gatecast …` and `gatecast-agent …` is taken by the parser of that program."""
    for program, *arguments in commands(page.read_text("utf-8")):
        try:
            assert isinstance(PARSERS[program]().parse_args(arguments), argparse.Namespace)
        except SystemExit:
            pytest.fail(f"{program} {shlex.join(arguments)} is not a command")


def test_a_wrong_command_is_noticed() -> None:
    """The search finds commands wherever they may stand, and the parser refuses an unknown one."""
    text = "Use `gatecast fly --high`.\n```sh\n/opt/x/bin/gatecast-agent run --config a.toml # now\n```\n"
    assert list(commands(text)) == [["gatecast-agent", "run", "--config", "a.toml"], ["gatecast", "fly", "--high"]]
    with pytest.raises(SystemExit):
        PARSERS["gatecast"]().parse_args(["fly"])


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    """Relative links name files and folders of the repository."""
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pages
def test_every_file_is_there(page: Path) -> None:
    """Files of the repository named in code exist."""
    for code in inline(page.read_text("utf-8")):
        for name in re.findall(
            r"^(?:python )?((?:edge|pipeline|flows|tests|deploy|docs|benchmarks|requirements)/[\w./-]*)", code
        ):
            assert (ROOT / name).exists(), name


@pages
def test_every_make_target_is_there(page: Path) -> None:
    """`make …` names a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()] + inline(text)
    named = {target for line in lines for target in re.findall(r"^make ([a-z]+)", line)}
    assert named <= targets


@pages
def test_every_setting_is_there(page: Path, tmp_path: Path) -> None:
    """`[section] key` names a setting, and every TOML block is a valid configuration."""
    text, known = page.read_text("utf-8"), settings()
    for section, key in re.findall(r"`\[+(\w+)\]+ (\w+)`", text) + re.findall(r"`\[\[(\w+)\]\]()`", text):
        assert section in known, section
        assert not key or key in {field.name for field in msgspec.structs.fields(known[section])}, f"[{section}] {key}"
    for number, block in enumerate(blocks(text, "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, encoding="utf-8")
        read_config(path)


@pages
def test_every_variable_is_read_somewhere(page: Path) -> None:
    """Environment variables of ours occur in the code, the tests or the tools."""
    places = [*ROOT.glob("[eft]*/**/*.py"), *ROOT.glob("pipeline/**/*.py"), ROOT / "Makefile"]
    code = "".join(path.read_text("utf-8") for path in places)
    for name in re.findall(r"GATECAST_[A-Z_]+", page.read_text("utf-8")):
        assert name in code, name


def test_benchmarks_page_names_every_window_that_retrain_would_not_choose() -> None:
    """Each set has a row at a window that `retrain` left alone takes, a week or four by its trial; another one is named."""
    text = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    for name, interval in (("ETTm1", 15 * MINUTE), ("ETTh1", 60 * MINUTE)):
        measured = {int(window) for window in re.findall(rf"^\| {name} \|.*?: gru segment, window (\d+)", text, re.MULTILINE)}
        week = contract_at(Fleet(), interval).window
        chosen = {week, week * min(4, LONGEST_WINDOW // week)}
        assert measured & chosen, name
        assert all(f"`[fleet] window = {window}`" in text for window in measured - chosen), name


def test_decision_records_have_their_form() -> None:
    """Each has a number of its own, at most 40 lines, with context, options, outcome and consequences."""
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert len(set(numbers)) == len(numbers)
    for number, record in zip(numbers, records, strict=True):
        lines = record.read_text("utf-8").splitlines()
        assert record.name.startswith(f"{number:04}-")
        assert lines[0].startswith(f"# {number}. ")
        assert len(lines) <= 40
        headings = [line for line in lines if line.startswith("## ")]
        assert headings == ["## Context", "## Options", "## Outcome", "## Consequences"]
