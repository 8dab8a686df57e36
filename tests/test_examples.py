"""What stands in docstrings and in docs/python.md as an example is run, and says what it says."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

import genregenie
from genregenie.common import resources

PACKAGE = Path(genregenie.__file__).parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def modules_with_examples() -> list[str]:
    """Their names, told by the text, so that the others need not be imported."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>>" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            found.append(".".join(parts).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_are_true(name: str) -> None:
    done = doctest.testmod(import_module(name))
    assert done.attempted
    assert not done.failed


@pytest.mark.slow
def test_the_page_for_programmers_is_true(tmp_path, monkeypatch) -> None:
    page = resources.docs() / "python.md"
    monkeypatch.chdir(tmp_path)
    blocks = [text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind]
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, page.name, 0)
    done = doctest.DocTestRunner().run(examples)
    assert done.attempted == sum(block.count(">>> ") for block in blocks) > 10
    assert not done.failed
