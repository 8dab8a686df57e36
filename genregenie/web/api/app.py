"""The API as an app of its own, which the server mounts: its routes, errors and description."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from genregenie.common.errors import GenreGenieError
from genregenie.common.version import __version__
from genregenie.web.api import models, routes
from genregenie.web.api.bodies import small
from genregenie.web.api.problems import MEDIA_TYPE, show_problem
from genregenie.web.paths import API_CLASSIFY, V1
from genregenie.web.programs import Programs
from genregenie.web.security.upload_rate import TooManyFilesError

_ABOUT: Final = (
    "Names the genre of a clip, and says how sure it is. Make a token under *Account*, and send it "
    "as `Authorization: Bearer ggt_...`."
)
_PROBLEMS: Final = {
    400: "It cannot be read.",
    401: "The token is missing, wrong, revoked or expired.",
    403: "The token is not for this.",
    404: "It is not there.",
    411: "An upload must say how long it is.",
    413: "The clip is too large.",
    415: "This is no clip.",
    422: "It cannot be used.",
    429: "Too much for now: `Retry-After` says for how many seconds.",
    503: "Not just now: `Retry-After` says for how many seconds.",
    507: "The server's disk is full.",
}
_KNOWN: Final = (
    GenreGenieError,
    HTTPException,
    RequestValidationError,
    ClientDisconnect,
    TooManyFilesError,
    Exception,
)


class Api(FastAPI):
    """With a limit to what it reads, and a description that says how errors look."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_clip = scope["type"] == "http" and scope["path"].rstrip("/") == API_CLASSIFY
        await super().__call__(scope, receive if is_clip else small(receive), send)

    def openapi(self) -> dict[str, Any]:
        """The description, which is the same for everybody."""
        if self.openapi_schema is None:
            self.openapi_schema = _told_truly(super().openapi())
        return self.openapi_schema


def build_api(programs: Programs) -> FastAPI:
    """The app to mount at `genregenie.web.paths.V1`."""
    app = Api(
        title="GenreGenie",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        servers=[{"url": programs.config.root_path + V1}],
        root_path_in_servers=False,
    )
    app.state.programs = programs
    app.include_router(routes.router)
    for kind in _KNOWN:
        app.add_exception_handler(kind, show_problem)
    return app


def _told_truly(schema: dict[str, Any]) -> dict[str, Any]:
    parts = schema["components"]
    reference = "#/components/schemas/{model}"
    told = models.Problem.model_json_schema(ref_template=reference)
    parts["schemas"] = {"Problem": told} | {
        name: part for name, part in parts["schemas"].items() if "ValidationError" not in name
    }
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    problem = {MEDIA_TYPE: {"schema": {"$ref": reference.format(model="Problem")}}}
    for path in schema["paths"].values():
        for operation in path.values():
            for status, about in _PROBLEMS.items():
                operation["responses"][str(status)] = {"description": about, "content": problem}
    return schema
