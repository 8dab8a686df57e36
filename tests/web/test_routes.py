"""What people's bookmarks, links and programs lead to: none of it changes unasked."""

from collections.abc import Iterable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from genregenie.accounts import open_accounts
from genregenie.storage.database import sqlite_url
from genregenie.web.config import WebConfig
from genregenie.web.server import create_app
from tests.web.servers import CHEAP

pytestmark = pytest.mark.slow

PORTAL = """
GET /account
GET /admin
GET /admin/people/{number:int}
GET /app
GET /history/results.csv
GET /history/results.json
GET /library
GET /library/cover/{edition}/{number:int}
GET /library/sound/{edition}/{number:int}
GET /login
GET /logout
GET /metrics
GET /portal/{name}
GET /readyz
GET /reset
GET /reset/link
GET /signup
GET /spotify/callback
GET /spotify/connect
GET HEAD /
GET HEAD /favicon.ico
GET HEAD /guide
GET HEAD /guide/images/{name}
GET HEAD /guide/{name}
GET HEAD /healthz
GET HEAD /manifest.json
GET HEAD /s/{token}
GET HEAD /s/{token}/card.png
POST /account/codes
POST /account/data
POST /account/delete
POST /account/email
POST /account/everywhere
POST /account/password
POST /account/session
POST /account/tokens
POST /account/tokens/revoke
POST /admin/invitations
POST /admin/invitations/revoke
POST /admin/people/{number:int}/delete
POST /admin/people/{number:int}/sessions
POST /guest
POST /library/playlist
POST /library/smooth
POST /library/spotify
POST /login
POST /logout
POST /reset
POST /reset/link
POST /signup
POST /signup/codes
"""
V1 = """
GET /api/v1/history
GET /api/v1/history/{number}
POST /api/v1/classify
POST /api/v1/feedback
"""
API = {
    "/classify": ["path"],
    "/recommend": ["path", "first", "last", "depth"],
    "/spotify_features": ["path"],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    accounts = open_accounts(sqlite_url(tmp_path_factory.mktemp("data")), CHEAP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", "")  # so that it is again what it was
        yield create_app(config=WebConfig(), accounts=accounts)
    accounts.close()


def portal_routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from portal_routes(router.routes)


def mounted(whole: FastAPI, path: str) -> ASGIApp:
    (app,) = (r.app for r in whole.routes if isinstance(r, Mount) and r.path == path)
    return app


def test_the_portal_answers_at_the_same_addresses(whole: FastAPI) -> None:
    found = [f"{' '.join(sorted(r.methods or ()))} {r.path}" for r in portal_routes(whole.routes)]
    assert sorted(found) == PORTAL.split("\n")[1:-1]


def test_programs_call_the_api_at_the_same_addresses(whole: FastAPI) -> None:
    routes = portal_routes(mounted(whole, "/api/v1").routes)  # type: ignore[attr-defined]
    found = [f"{' '.join(sorted(r.methods or ()))} /api/v1{r.path}" for r in routes]
    assert sorted(found) == V1.split("\n")[1:-1]


def test_programs_call_the_page_by_the_same_names(whole: FastAPI) -> None:
    page = mounted(whole, "/app")
    named = page.blocks.get_api_info()["named_endpoints"]  # type: ignore[attr-defined]
    asked = {n: [p["parameter_name"] for p in e["parameters"]] for n, e in named.items()}
    assert asked == API
    assert {r["component"] for e in named.values() for r in e["returns"]} == {"Json"}


def test_everything_else_of_the_page_is_its_own_affair(whole: FastAPI) -> None:
    page = mounted(whole, "/app")
    handlers = page.blocks.fns.values()  # type: ignore[attr-defined]
    public = {f"/{f.api_name}" for f in handlers if f.api_visibility == "public"}
    assert public == set(API)
