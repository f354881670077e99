"""A hook of mkdocs: pages beside docs/ join the site, and every link leads to the same place as in the repository."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# Pages of the repository beyond docs/, and what they are called on the site.
BESIDE = {
    "README.md": "overview.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "deploy/README.md": "deploy.md",
    "flows/data/README.md": "data.md",
}
STYLE = ("site.css", "site.svg")  # in this folder, copied to the top of the site
LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every decision behind the list of them, under its number and title."""
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = [record.read_text("utf-8").splitlines()[0].removeprefix("# ") for record in records]
    pages = [{title: f"decisions/{record.name}"} for title, record in zip(titles, records, strict=True)]
    config.nav = [*(config.nav or []), {"Decisions": ["decisions/README.md", *pages]}]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages beside docs/, the style, and what pages link to as a file: a configuration, a licence.

    Raises:
        FileNotFoundError: a link leads to no file of the repository.
    """
    for source, name in BESIDE.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    for name in STYLE:
        files.append(File.generated(config, name, abs_src_path=str(Path(__file__).parent / name)))
    for page in [*files.documentation_pages()]:
        source = repository_path(page.src_uri)
        for path in targets(source, (ROOT / source).read_text("utf-8")):
            name = site_path(path)
            if name.startswith("files/") and files.get_file_from_path(name) is None:
                if not (ROOT / path).is_file():
                    raise FileNotFoundError(f"{source} has a link to {path}: expected a file of the repository")
                files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The text of a page with links of the site."""
    del config, files
    source, folder = repository_path(page.file.src_uri), posixpath.dirname(page.file.src_uri)

    def moved(match: re.Match[str]) -> str:
        if _leaves(match[1]):
            return match[0]
        path = posixpath.relpath(site_path(resolved(source, match[1])), folder or ".")
        return f"]({path}{match[2] or ''})"

    pieces = FENCE.split(markdown)  # text and code in turn
    return "".join(piece if number % 2 else LINK.sub(moved, piece) for number, piece in enumerate(pieces))


def targets(source: str, markdown: str) -> Iterator[str]:
    """Every file of the repository that a page has a link to, as a path in the repository."""
    for piece in FENCE.split(markdown)[::2]:
        yield from (resolved(source, match[1]) for match in LINK.finditer(piece) if not _leaves(match[1]))


def resolved(source: str, target: str) -> str:
    """Path in the repository of a link on a page; a folder stands for its README."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    return f"{path}/README.md" if (ROOT / path).is_dir() else path


def site_path(path: str) -> str:
    """Where a file of the repository lies on the site."""
    return BESIDE.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}")


def repository_path(name: str) -> str:
    """Where a page of the site lies in the repository."""
    return {site: source for source, site in BESIDE.items()}.get(name, f"docs/{name}")


def _leaves(target: str) -> bool:
    """Whether a link leads to another host."""
    return "://" in target or target.startswith("mailto:")
