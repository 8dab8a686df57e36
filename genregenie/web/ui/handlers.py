"""What all handlers of the page have in common: how it is told when they cannot do their work.

Handlers run from a queue, long after the request was answered, so no middleware sees what goes
wrong in them.
"""

import functools
import traceback
from typing import Any, Final

import gradio as gr

from genregenie.common.files import no_room
from genregenie.web.errors import NoRoomOnDiskError, log_problem, problem_of
from genregenie.web.security.refusals import TITLE, is_the_requests, note_refusal

_NOT_TAKEN: Final = "What was sent is not what this function takes."


def guard_handlers(blocks: gr.Blocks) -> None:
    """Have errors told in words to whoever sent the request, and kept out of the log.

    Such are what no handler can take, and errors of ours. Whatever else fails in a handler's own
    code stays a traceback: that is ours to mend.
    """
    preprocess, call = blocks.preprocess_data, blocks.call_function
    postprocess = blocks.postprocess_data

    async def preprocess_or_tell(handler: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            taken = await preprocess(handler, *args, **kwargs)
        except gr.Error as error:  # the component's own sentence
            raise _refusal(error, error.message) from error
        except Exception as error:
            if not is_the_requests(error):
                raise
            raise _refusal(error) from error
        for block, value in zip(handler.inputs, taken, strict=True):
            if _needed(handler, block) and value in (None, []):
                raise _refusal(ValueError(), f"{block.label or 'File'}: nothing was chosen.")
        return taken

    async def call_or_tell(handler: Any, *args: Any, **kwargs: Any) -> Any:
        for event in args:
            if isinstance(event, gr.EventData) and not isinstance(event._data, dict):
                event._data = {}  # so that asking it for anything is an AttributeError
        try:
            return await call(handler, *args, **kwargs)
        except Exception as failure:
            error = NoRoomOnDiskError() if no_room(failure) else failure
            if problem_of(error):
                raise _told(error) from failure
            if _in_own_code(handler.fn, error) or not is_the_requests(error):
                raise
            raise _refusal(error) from error

    async def postprocess_or_tell(*args: Any, **kwargs: Any) -> Any:
        try:
            return await postprocess(*args, **kwargs)
        except OSError as error:  # what is shown goes through files
            if not no_room(error):
                raise
            raise _told(NoRoomOnDiskError()) from error

    blocks.preprocess_data, blocks.call_function = preprocess_or_tell, call_or_tell
    blocks.postprocess_data = postprocess_or_tell


def _told(error: Exception) -> gr.Error:
    problem = problem_of(error)
    assert problem is not None  # noqa: S101 - whoever calls this knows
    log_problem(error, problem)
    return gr.Error(problem.words(error), title=problem.title, print_exception=False)


def _refusal(error: Exception, sentence: str = _NOT_TAKEN) -> gr.Error:
    note_refusal("inputs", error)
    return gr.Error(sentence, title=TITLE, print_exception=False)


def _needed(handler: Any, block: Any) -> bool:
    if isinstance(block, gr.Dropdown):
        return not block.multiselect and block.value not in (None, [])
    return isinstance(block, gr.File) and handler.api_visibility == "public"


def _in_own_code(handler: Any, error: Exception) -> bool:
    """Whether the handler had begun, rather than what prepares its arguments."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    code = getattr(handler, "__code__", None)
    begun = (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__))
    # A function without code of its own is a built-in one; none at all has nothing to run.
    return code in begun if code else handler is not None
