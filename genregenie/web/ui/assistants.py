"""What assistants may call: one tool of Gradio's own MCP server, for programs with a token.

Gradio would offer each public function, and call those that wait in its queue through one client of
its own, which has nobody's token and one session for all people. It would also fetch any address
that is given for a file. So what is offered here is one function that does not wait there: Gradio
calls that directly, with the request that the gate has let in, and it takes text alone. It has its
turns from `genregenie.web.programs`.
"""

import base64
import binascii
import importlib.util
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import gradio as gr
from starlette.requests import Request

from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.common.settings import SettingsError
from genregenie.inference.prediction import record
from genregenie.web.errors import FAULT
from genregenie.web.identity import id_of, user_of
from genregenie.web.programs import Programs
from genregenie.web.security.ownership import Ownership

TOOL: Final = "name_genre"
_NO_CLIP: Final = "There is no such upload of yours. Send the clip anew, or as a data: address."
_UNREADABLE: Final = "This is no data: address of base64."
_LEFT_OUT: Final = ("timeline", "neighbours", "parts")

log = logging.getLogger("genregenie.web")


@dataclass(frozen=True)
class Assistants:
    """What the tool stands on."""

    programs: Programs
    ownership: Ownership

    def build(self) -> None:
        """Put the tool into the Blocks under construction; nobody sees it there."""

        async def name_genre(clip: str, request: gr.Request) -> str:
            """Name the musical genre of an audio clip, and say how sure that is, as JSON.

            Args:
                clip: A data: address in base64, up to 3 MB, or what /app/gradio_api/upload gave.
            """
            try:
                return json.dumps(await self._name(clip, request), ensure_ascii=False)
            except (GenreGenieError, gr.Error):
                raise
            except Exception as error:  # its text would be shown as it is
                log.exception("a tool failed")
                raise gr.Error(FAULT, print_exception=False) from error

        asked = gr.Textbox(visible=False, label="clip")
        answer = gr.Textbox(visible=False, label="answer")
        button = gr.Button(visible=False)
        # Without the queue: who waits for whom is said by `Clips`.
        button.click(name_genre, asked, answer, api_name=TOOL, queue=False)

    async def _name(self, clip: str, asked: Any) -> dict[str, Any]:
        # MCP brings the server's own request, Gradio's queue one of Gradio's.
        request: Request = getattr(asked, "request", None) or asked
        user = user_of(request.scope)
        person = id_of(user)
        if person is None:
            raise gr.Error("This takes a token.", print_exception=False)
        clips = self.programs.clips
        with clips.place(person):
            sound = await self._sound(person, clip)
            heard = await clips.hear(person, sound)
        told = record(Path(sound).name if isinstance(sound, str) else "", heard)
        return {key: value for key, value in told.items() if key not in _LEFT_OUT}

    async def _sound(self, person: int, clip: str) -> str | bytes:
        if clip.startswith("data:"):
            sound = _decoded(clip)
            count = self.programs.accounts.daily.count_upload
            most = self.programs.config.quotas.uploaded_bytes
            await self.programs.workers.quick(count, person, len(sound), most)
            return sound
        path = unquote(clip.rpartition("/file=")[2])
        if not self.ownership.may_use(person, path) or not Path(path).is_file():
            raise gr.Error(_NO_CLIP, print_exception=False)
        return path


def expect_mcp() -> None:
    """See that Gradio can have an MCP server.

    Raises
    ------
    SettingsError
    """
    if importlib.util.find_spec("mcp") is None:
        raise SettingsError(
            "GENREGENIE_MCP=on takes one more package: pip install 'genregenie[mcp]'."
        )


def offer_only_the_tool(blocks: gr.Blocks) -> None:
    """Have Gradio's MCP server know that one function and no other.

    Raises
    ------
    SettingsError
        If Gradio has no such server, for a reason of its own.
    """
    server: Any = getattr(blocks, "mcp_server_obj", None)
    if server is None:
        reason = getattr(blocks, "mcp_error", None) or "Gradio does not say why"
        raise SettingsError(f"GENREGENIE_MCP=on does not work here: {reason}.")
    found = {tool: name for tool, name in server.tool_to_endpoint.items() if name == f"/{TOOL}"}
    server.tool_to_endpoint = found


def _decoded(address: str) -> bytes:
    head, comma, content = address.partition(",")
    if not comma or not head.endswith(";base64"):
        raise AudioError(_UNREADABLE)
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AudioError(_UNREADABLE) from error
