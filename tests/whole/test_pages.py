"""The site of the pages is built strictly, asks no other host for anything, and its tables are those of the code."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import links
import pytest
import reference
import yaml

from tests.support.documented import ROOT

DOCS = ROOT / "docs"


class Page(HTMLParser):
    """Anchors of a page, and what it links to and loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names."""
        values = dict(attrs)
        if name := values.get("id"):
            self.anchors.add(name)
        if tag == "a" and (target := values.get("href")):
            self.links.append(target)
        loads = values.get("src") or (values.get("href") if tag == "link" and values.get("rel") != "canonical" else None)
        if loads:
            self.loaded.append(loads)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a link or an anchor that leads nowhere ends the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", DOCS / "site" / "mkdocs.yml", "-d", folder],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "not included in the" not in done.stderr, done.stderr
    return folder


@pytest.fixture(scope="module")
def built(site: Path) -> dict[Path, Page]:
    """Every page of the site."""
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_every_link_of_the_site_leads_to_a_page_and_an_anchor(site: Path, built: dict[Path, Page]) -> None:
    """Looked up in what was built; what leads to another host is not followed."""
    lost = []
    for path, page in built.items():
        for target in page.links:
            name, _, anchor = target.partition("#")
            if "://" in name or name.startswith(("mailto:", "/")) or path.name == "404.html":
                continue
            goal = path if not name else (path.parent / name).resolve()
            goal = goal / "index.html" if goal.is_dir() else goal
            fine = goal.exists() and (not anchor or goal not in built or anchor in built[goal].anchors)
            lost += [] if fine else [f"{path.relative_to(site)}: {target}"]
    assert lost == []


def test_nothing_comes_from_another_host(built: dict[Path, Page]) -> None:
    """No font, script, style or picture: a gateway's network may have no way out."""
    assert [name for page in built.values() for name in page.loaded if "://" in name or name.startswith("//")] == []
    assert all("mermaid" not in path.read_text("utf-8") for path in built if path.parent.name != "changelog")


def test_the_site_can_be_searched(site: Path) -> None:
    """The index has words of the pages."""
    assert "seasonal" in (site / "search" / "search_index.json").read_text("utf-8")


def test_every_page_is_in_the_navigation() -> None:
    """Each page below docs/ stands there once; decisions are added by their folder."""
    text = (DOCS / "site" / "mkdocs.yml").read_text("utf-8")
    listed = re.findall(r": ([\w-]+\.md)$", text, re.MULTILINE)
    pages = {path.name for path in DOCS.glob("*.md")} | set(links.BESIDE.values())
    assert sorted(listed) == sorted(pages), "bring the navigation of docs/site/mkdocs.yml in step"
    assert yaml.compose(text) is not None


def test_a_link_leads_to_the_same_file_on_the_site() -> None:
    """Pages beside docs/ have other names there, folders stand for their README, and other files are copied."""
    moved = {path: links.site_path(path) for path in ("docs/bundle.md", "deploy/README.md", "deploy/mosquitto.conf")}
    assert moved == {
        "docs/bundle.md": "bundle.md",
        "deploy/README.md": "deploy.md",
        "deploy/mosquitto.conf": "files/deploy/mosquitto.conf",
    }
    assert links.resolved("docs/decisions/0001-x.md", "../../deploy/README.md") == "deploy/README.md"
    assert links.resolved("README.md", "docs/decisions") == "docs/decisions/README.md"
    text = "see [a](../deploy/x) and [b](https://h/x)\n```\n[c](y)\n```\n"
    assert list(links.targets("docs/p.md", text)) == ["deploy/x"]


def github_anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@pytest.mark.parametrize("path", sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in links.BESIDE)]), ids=lambda p: p.name)
def test_every_anchor_is_right_in_the_repository_too(path: Path) -> None:
    """A link to a heading has the anchor that the repository's pages have."""
    for piece in links.FENCE.split(path.read_text("utf-8"))[::2]:
        for target, anchor in re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", piece):
            goal = path if not target else (path.parent / target).resolve()
            if "://" not in target:
                text = "".join(links.FENCE.split(goal.read_text("utf-8"))[::2])
                anchors = {github_anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
                assert anchor in anchors, f"{target}#{anchor}"


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_the_tables_are_those_of_the_code(path: Path) -> None:
    """What stands between the marks is what `python docs/site/reference.py` writes."""
    text = path.read_text("utf-8")
    assert reference.refreshed(text) == text, "run: python docs/site/reference.py"


def test_every_section_and_every_number_has_its_table() -> None:
    """No section is left out of the page, and a table that is changed by hand is noticed."""
    text = (DOCS / "configuration.md").read_text("utf-8") + (DOCS / "numbers.md").read_text("utf-8")
    assert [name for name in reference.all_tables() if f"<!-- {name}: made by" not in text] == []
    assert reference.refreshed(text.replace("`keepalive`", "`keepalife`")) == text
    with pytest.raises(ValueError, match="expected one of"):
        reference.refreshed("<!-- planets: made by docs/site/reference.py -->\n<!-- end of planets -->")
    with pytest.raises(ValueError, match="expected an end"):
        reference.refreshed("<!-- gauges: made by docs/site/reference.py -->\n")
