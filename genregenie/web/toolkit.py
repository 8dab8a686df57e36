"""What Gradio does by itself that nobody here needs, and is told to leave."""

import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from jinja2 import BaseLoader, Environment

if TYPE_CHECKING:
    import gradio as gr
    from starlette.datastructures import FormData

LOOKS_EVERY_S: Final = 0.02
"""So often an idle page looks for events in its queue, and, five times as seldom, for progress."""

_THEIR_MANIFEST: Final = re.compile(r"<link[^>]*/manifest\.json[^>]*>")
_STUBS_MAKER: Final = "gradio.component_meta"


def before_loading() -> None:
    """Spare what loading Gradio costs beyond its use; call it before anything imports Gradio.

    Settings that the environment has already stay.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    # After every event Gradio would work out percentiles of the last 10,000, with pandas, for its
    # page of figures, which is shut. A number of events that never comes keeps it from that.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(sys.maxsize))
    # Before every event Gradio asks matplotlib what it draws with. Unless that is said, it finds
    # out by loading all of itself, and whoever clicks first waits for it.
    os.environ.setdefault("MPLBACKEND", "agg")
    if _STUBS_MAKER not in sys.modules and not any(isinstance(f, _NoStubs) for f in sys.meta_path):
        sys.meta_path.insert(0, _NoStubs())


def rest_while_idle(blocks: "gr.Blocks") -> None:
    """Have a page look into its queue fifty times a second, not a thousand times.

    That is 3 % of a core for nothing, as long as the server runs; call it when the page is built.
    """
    queue = blocks._queue
    queue.sleep_when_free = LOOKS_EVERY_S
    queue.progress_update_sleep_when_free = 5 * LOOKS_EVERY_S


def send_whole_values() -> None:
    """Have Gradio send of each step of a handler all that is new, not what has changed in it.

    Its page makes changes in what it was sent before, also while that is still to be shown: what
    the step before had, and this one leaves as it is, would never be.
    """
    from gradio import utils

    utils.diff = _whole


def _whole(old: Any, new: Any) -> list[tuple[str, list[str], Any]]:
    return [] if old == new else [("replace", [], new)]


def leave_no_halves() -> None:
    """Have Gradio remove what it has written of an upload that comes to no good end.

    It does so where a form is wrong, and not where a browser goes away or the disk is full.
    """
    from gradio import route_utils

    parser = route_utils.GradioMultiPartParser
    if getattr(parser, "leaves_no_halves", False):
        return

    class Parser(parser):  # type: ignore[misc, valid-type]
        leaves_no_halves = True

        async def parse(self) -> "FormData":
            try:
                return await super().parse()
            except BaseException:
                for file in self._files_to_close_on_error:
                    with contextlib.suppress(OSError):
                        file.close()
                    with contextlib.suppress(OSError):
                        Path(file.name).unlink()
                raise

    route_utils.GradioMultiPartParser = Parser


def complete_pages(head: str) -> None:
    """Have Gradio's pages begin with what they lack; call it before one is served.

    Parameters
    ----------
    head : str
        What stands in place of the link to their manifest, as a template of theirs. That is before
        their scripts, which keep what they find when they come; what Gradio is given for the head
        comes later.
    """
    from gradio import routes

    environment = routes.templates.env
    if not isinstance(environment.loader, _Completed):
        environment.loader = _Completed(environment.loader, head)
        # Templates that were read already.
        if environment.cache is not None:
            environment.cache.clear()


class _Completed(BaseLoader):
    """Reads Gradio's templates, and puts into them what they lack."""

    def __init__(self, theirs: BaseLoader, head: str) -> None:
        self._theirs = theirs
        self._head = head

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, file, is_fresh = self._theirs.get_source(environment, template)
        return _THEIR_MANIFEST.sub(lambda _: self._head, source), file, is_fresh


class _NoStubs(MetaPathFinder):
    """Keeps Gradio from writing type stubs of its components.

    It parses the source of each and writes beside it what editors may read, at every start: nearly
    half of what loading it takes.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _STUBS_MAKER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_without(module: ModuleType) -> None:
                execute(module)
                module.create_or_modify_pyi = lambda *_: None  # type: ignore[attr-defined]

            spec.loader.exec_module = execute_without  # type: ignore[method-assign]
        return spec
