"""Where HTML may come from: templates that escape, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from genregenie.common import resources
from genregenie.web.views import components, fragments

SOURCES = sorted(resources.PACKAGE.rglob("*.py"))
DRAWN = Path("lab/plots.py")
"""Takes the SVG that matplotlib wrote, and gives it a name."""

TAG = re.compile(r"(?<!\(\?P)</?[a-z][a-z0-9]*[\s/>]", re.IGNORECASE)
PLACEHOLDER = re.compile(r"<(genre|artist|files|audio files|source)>")
"""What stands for a name in ``<genre>/<artist>/<files>``, which is how folders are laid out."""


def named(path: Path) -> Path:
    return path.relative_to(resources.PACKAGE)


def documentation(tree: ast.AST) -> set[ast.AST]:
    """Strings that stand alone: docstrings, of modules and functions and of constants."""
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Expr)}


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Strings of a program and their lines; for what an f-string fills in stands an x."""
    inside = documentation(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(node.values)
            parts = (p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.lineno, node.value


def tags(path: Path) -> list[str]:
    return [
        f"{named(path)}:{line}: {text[:60]}"
        for line, text in strings(ast.parse(path.read_text(encoding="utf-8")))
        if TAG.search(PLACEHOLDER.sub("", text))
    ]


@pytest.mark.slow
def test_no_program_writes_html() -> None:
    assert [found for path in SOURCES if named(path) != DRAWN for found in tags(path)] == []


@pytest.mark.parametrize(
    "program",
    [
        'f"<b>{name}</b>"',
        '"<p class=x>" + name + "</p>"',
        '"<li>%s</li>" % name',
        '"<{}>".format("i") + "<i>"',
        'f"<{tag}>{name}"',
        '"".join(["<br/>", name])',
    ],
)
def test_the_search_finds_html(program: str, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "program.py"
    path.write_text(f'"""Says <b>."""\nX = {program}\n')
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    assert len(tags(path)) >= 1


@pytest.mark.slow
def test_nothing_is_escaped_by_hand() -> None:
    by_hand = [
        f"{named(path)}:{node.lineno}"
        for path in SOURCES
        if named(path) != DRAWN
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (
            isinstance(node, ast.ImportFrom)
            and node.module in ("html", "markupsafe", "xml.sax.saxutils", "cgi")
            and any("escape" in alias.name or alias.name == "quoteattr" for alias in node.names)
        )
        or (isinstance(node, ast.Import) and any(alias.name == "html" for alias in node.names))
    ]
    assert by_hand == []


def test_no_template_lets_text_through() -> None:
    """`Markup` is safe by its type; to call a text safe in a template would need a look at it."""
    for path in resources.PACKAGE.rglob("templates/*.html"):
        found = re.findall(r"\|\s*safe\b|autoescape", path.read_text(encoding="utf-8"))
        assert found == [], path


def test_layout_of_templates_stays_out_of_the_page() -> None:
    html = components.table(["a", "b"], [["one  two", "3\n4"]], "x")
    assert re.search(r">\s+<", html) is None
    assert "one  two" in html
    assert "3\n4" in html


def test_text_beside_a_line_end_keeps_its_space() -> None:
    shown = fragments.render("saving", "link", url="https://example.org/s/x", has_cover=False)
    assert "the plots and what it sounds like. No audio, and not who you are." in re.sub(
        r"\s", " ", shown
    )


def test_only_markup_goes_in_as_it_is() -> None:
    inner = components.note("<i>")
    assert inner == '<p class="gg-note">&lt;i&gt;</p>'
    assert inner in components.section("<b>", inner)
    assert "&lt;p" in components.section("<b>", str(inner))  # type: ignore[arg-type]
    assert fragments.joined([]) == Markup("")


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        fragments.render("components", "paragraph")
