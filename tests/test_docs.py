"""What the documents name is there."""

import importlib
import re
from pathlib import Path

import pytest

from tests import machine

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "models/*/README.md", "assets/*/README.md")
    for path in machine.ROOT.glob(pattern)
)
# Where a path in a document may begin.
BASES = ("", "genregenie", "genregenie/web", "genregenie/web/security")
SUFFIXES = "py|md|toml|npz|csv|js|css|html|json|onnx|skops|mp3|png|yml"


def named(text: str) -> set[str]:
    """What stands between backticks and looks like a path of ours."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    path = re.compile(rf"[\w./-]+/|[\w./-]+/[\w.-]+\.({SUFFIXES})")
    return {span for span in spans if path.fullmatch(span) and not span.startswith(("/", "."))}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(machine.ROOT)))
def test_paths_and_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    bases = [*(machine.ROOT / base for base in BASES), document.parent]
    missing = {n for n in named(text) if not any((base / n).exists() for base in bases)}
    # People's own folders, in examples.
    missing = {n for n in missing if not n.startswith(("music/", "models/<", "song"))}
    assert not missing
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    broken = {
        link
        for link in links
        if "://" not in link and not link.startswith("/") and not (document.parent / link).exists()
    }
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(machine.ROOT)))
def test_names_of_modules_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name in set(re.findall(r"`(genregenie(?:\.\w+)+)", text)):
        if name.endswith(".sqlite3"):
            continue  # a file
        module, found = name, None
        while found is None and module:
            try:
                found = importlib.import_module(module)
            except ImportError:
                module = module.rpartition(".")[0]
        for part in name[len(module) :].split(".")[1:]:
            found = getattr(found, part)


def test_the_drawing_has_every_room() -> None:
    text = (machine.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.split("```")[1]
    rooms = {path.parent.name for path in (machine.ROOT / "genregenie").glob("*/__init__.py")}
    drawn = {word for line in drawing.splitlines() for word in re.findall(r"\b[a-z_]+\b", line)}
    assert rooms <= drawn
    assert all(f"| `{room}/` |" in text for room in rooms)
