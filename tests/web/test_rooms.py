"""Which rooms of the web can be used without its page."""

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, pkgutil, sys
for room in ("api", "security", "portal", "views", "images"):
    package = importlib.import_module(f"genregenie.web.{room}")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
for module in ("identity", "errors", "saved_results", "analysis"):
    importlib.import_module(f"genregenie.web.{module}")
assert "genregenie.web.portal.history" in sys.modules
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "gradio"))
"""


@pytest.mark.slow
def test_all_but_the_page_does_without_gradio() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
