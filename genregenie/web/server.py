"""Builds the server: portal, gate, isolation, and the Gradio page at ``/app``."""

import asyncio
import contextlib
import functools
import logging
import shutil
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount

from genregenie.accounts import Accounts, open_accounts
from genregenie.common import limits, resources, settings
from genregenie.common.errors import GenreGenieError
from genregenie.spotify import oauth
from genregenie.storage.registry import MemoryRegistry, Registry
from genregenie.web import analysis, toolkit, upload_folders
from genregenie.web.api.app import build_api
from genregenie.web.api.problems import Problems
from genregenie.web.compression import Compression
from genregenie.web.config import WebConfig
from genregenie.web.errors import FAULT, NOTHING_LASTS
from genregenie.web.identity import user_of
from genregenie.web.paths import APP, ASSETS, HEALTH, HOME, ICON, MANIFEST, V1
from genregenie.web.peers.affinity import Affinity
from genregenie.web.peers.forwarding import Arrivals
from genregenie.web.peers.several import Several, join
from genregenie.web.portal import (
    account,
    admin,
    guide,
    health,
    history,
    landing,
    library,
    login,
    reset,
    share,
    spotify,
)
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import show_error
from genregenie.web.programs import Clips, Programs
from genregenie.web.security.allowance import Allowance
from genregenie.web.security.gate import Gate
from genregenie.web.security.headers import SecurityHeaders
from genregenie.web.security.isolation import Isolation
from genregenie.web.security.ownership import Ownership
from genregenie.web.security.refusals import Refusals
from genregenie.web.security.shared_files import SharedFiles
from genregenie.web.security.streams import OpenStreams, Pages, Streams
from genregenie.web.security.upload_rate import UploadRate
from genregenie.web.serving import metrics
from genregenie.web.serving.connections import Connections
from genregenie.web.serving.front import AsAsked, Front
from genregenie.web.serving.logs import request_id
from genregenie.web.serving.process import Marked
from genregenie.web.serving.requests import HEADER, Requests
from genregenie.web.serving.shares import Shares
from genregenie.web.serving.telemetry import Traced
from genregenie.web.workers import Workers

if TYPE_CHECKING:
    import gradio as gr

TIDY_EVERY_S = 600
# Looked at every ten minutes, so that no upload or result lives an hour.
FILES_LIVE_S = 3000

log = logging.getLogger("genregenie.web")

Page = Callable[[], "gr.Blocks"]


def create_app(
    page: Page | None = None,
    config: WebConfig | None = None,
    accounts: Accounts | None = None,
    connections: Connections | None = None,
) -> FastAPI:
    """The whole server as an ASGI app.

    Parameters
    ----------
    page : callable, optional
        Builds the Gradio page; by default `genregenie.web.ui.page.build_page`.
    config : WebConfig, optional
        By default what the environment says.
    accounts : Accounts, optional
        By default the database that the environment names, brought up to date.
    connections : Connections, optional
        What the server counts its connections with, where it does.

    Raises
    ------
    genregenie.common.settings.SettingsError
        If an environment variable holds a value that makes no sense.
    """
    config = config or WebConfig.from_settings()
    with contextlib.ExitStack() as ours:  # who brings accounts closes them
        if accounts is None:
            accounts = open_accounts()
            ours.callback(accounts.close)
        closing = ours.pop_all()
    workers, streams = Workers(), OpenStreams()
    several = join(accounts.db, config.key)
    registry: Registry = several.registry if several else MemoryRegistry()
    oauth.share(registry)
    ownership = _ownership(several, accounts, config)
    if config.gate == "on":  # it may have been open before
        accounts.guests.clear(everybody=True)
    portal = PortalContext(accounts, workers, config, ownership, registry)
    programs = Programs(accounts, workers, config, Clips())

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        work = [_keep_tidy(portal, registry), streams.keep_watch(accounts.living, workers)]
        if several:
            work.append(several.servers.keep_telling(workers, portal.hear_of_people))
        tasks = [asyncio.create_task(one) for one in work]
        try:
            with analysis.workers_for_a_server():
                yield
        finally:
            for task in tasks:
                task.cancel()
            if several:
                await asyncio.gather(*tasks, return_exceptions=True)
                await several.forwarding.close()
            else:
                shutil.rmtree(ownership.folder, ignore_errors=True)
            closing.close()

    app = FastAPI(
        lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.state.portal = portal
    app.state.several = several
    inside = account, admin, history, library, spotify
    for part in (landing, login, reset, *inside, share, guide, health):
        app.include_router(part.router)
    app.mount(V1, build_api(programs))
    _add_small_routes(app, portal)
    _add_error_pages(app, portal)
    # Those whom the gate has let in with a token, so nobody where it is off.
    mcp = config.mcp and config.gate != "off"
    streams.pages = _mount_page(app, page, programs, ownership if mcp else None)
    metrics.watch(lambda: app.state.waiting()[0], lambda: len(connections or ()))
    app.state.streams = streams
    ownership.publish()
    _check_root_path(app, config.root_path)
    # The last one added stands first: the gate, then what stands behind it.
    app.add_middleware(AsAsked, root_path=config.root_path, mount=f"{APP}/")
    app.add_middleware(Compression)
    app.add_middleware(Marked)
    app.add_middleware(Streams, streams=streams)
    app.add_middleware(Refusals, prefix=f"{APP}/")
    app.add_middleware(Isolation, ownership=ownership, workers=workers, mcp=mcp)
    app.add_middleware(Allowance, accounts=accounts, workers=workers, config=config)
    app.add_middleware(UploadRate, config=config, registry=registry, workers=workers)
    app.add_middleware(
        Gate,
        accounts=accounts,
        workers=workers,
        config=config,
        assets=frozenset(portal.assets) | guide.guide_paths(),
    )
    if several:
        app.add_middleware(
            Affinity,
            servers=several.servers,
            forwarding=several.forwarding,
            cookies=portal.cookies,
        )
    app.add_middleware(Problems)
    app.add_middleware(Shares, most=limits.connections().an_address)
    if several:
        app.add_middleware(Arrivals, key=config.key)
    app.add_middleware(Traced)
    app.add_middleware(Requests)
    app.add_middleware(
        Front, root_path=config.root_path, proxies=config.proxies, public_url=config.public_url
    )
    return app


def _check_root_path(app: FastAPI, root_path: str) -> None:
    """Whether a path can be told from those inside, whether or not a proxy has taken it off."""
    first = root_path[1:].partition("/")[0]
    ours = {getattr(route, "path", "")[1:].partition("/")[0] for route in app.routes}
    if first and first in ours:
        raise settings.SettingsError(
            f"GENREGENIE_ROOT_PATH cannot begin with /{first}, which is a path of GenreGenie's own."
        )


def _add_small_routes(app: FastAPI, portal: PortalContext) -> None:
    @app.api_route(HEALTH, methods=["GET", "HEAD"])
    async def alive() -> Response:
        if portal.accounts.db.fault() is not None:
            return JSONResponse({"status": "failing", "detail": NOTHING_LASTS.text}, 503)
        return JSONResponse({"status": "ok"})

    @app.get(APP)
    async def home() -> Response:
        return RedirectResponse(HOME, 303)

    @app.api_route(ICON, methods=["GET", "HEAD"])
    async def icon() -> Response:  # what browsers ask for while Gradio's page is still starting
        return RedirectResponse(f"{ASSETS}logo.svg", 301)

    @app.api_route(MANIFEST, methods=["GET", "HEAD"])
    async def manifest() -> Response:
        return RedirectResponse(f"{ASSETS}manifest.json", 301)

    @app.get(ASSETS + "{name}")
    async def asset(name: str) -> Response:
        found = portal.assets.get(ASSETS + name)
        if found is None:
            return PlainTextResponse("Not found.", 404)
        body, kind = found
        return Response(body, media_type=kind, headers={"cache-control": "public, max-age=86400"})


def _add_error_pages(app: FastAPI, portal: PortalContext) -> None:
    app.add_exception_handler(GenreGenieError, show_error)

    @app.exception_handler(404)
    async def missing(request: Request, _error: Exception) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return portal.message(request, 404, "Not found", "No such page.")
        return JSONResponse({"detail": "Not found."}, 404)

    @app.exception_handler(Exception)
    async def fault(request: Request, _error: Exception) -> Response:
        # What nobody foresaw. Its traceback is in the log, under the same name.
        about = request_id.get()
        answer: Response
        if "text/html" in request.headers.get("accept", ""):
            answer = portal.message(request, 500, "That did not work", FAULT)
        else:
            answer = JSONResponse({"detail": FAULT, "request": about}, 500)
        # This stands around all that would put headers there, or count it.
        SecurityHeaders(portal.config.cookies).apply(answer.headers, request.url.path)
        answer.headers[HEADER] = about
        metrics.REQUESTS.labels("500").inc()
        return answer


def _mount_page(
    app: FastAPI, page: Page | None, programs: Programs, for_assistants: Ownership | None
) -> Pages:
    toolkit.before_loading()
    import gradio as gr

    from genregenie.web.ui.assistants import Assistants, expect_mcp, offer_only_the_tool
    from genregenie.web.ui.handlers import guard_handlers
    from genregenie.web.ui.open_pages import OpenPages
    from genregenie.web.ui.turns import take_turns
    from genregenie.web.views.page import head

    options: dict[str, Any] = {}
    config, assistants = programs.config, None
    if for_assistants is not None:
        expect_mcp()
        assistants = Assistants(programs, for_assistants)
    if page is None:
        from genregenie.web.ui.page import build_page, launch_options

        page = functools.partial(build_page, programs.accounts, config, assistants)
        options = launch_options()
    blocks = page()
    guard_handlers(blocks)
    take_turns(blocks)
    toolkit.rest_while_idle(blocks)
    toolkit.send_whole_values()
    toolkit.leave_no_halves()
    rest = (resources.assets() / "frames.js").read_text(encoding="utf-8")
    toolkit.complete_pages(head(rest))

    def user_name(request: Request) -> str | None:
        who = user_of(request.scope)
        return who.name if who else None

    # Only launch() sets this, and without it Gradio does not check the files handlers get.
    blocks.has_launched = True
    usual = {"footer_links": [], "run_history": False, "ssr_mode": False, "pwa": False}
    gr.mount_gradio_app(
        app,
        blocks,
        path=APP,
        mcp_server=assistants is not None,
        enable_monitoring=False,
        # The text of a fault is for the log; what people are told has words of its own.
        show_error=False,
        # With the gate off there are no people, and Gradio would let nobody in.
        auth_dependency=None if config.gate == "off" else user_name,
        **{**usual, **options},
    )
    if assistants is not None:
        offer_only_the_tool(blocks)
    mounted: Any = next(r for r in app.routes if isinstance(r, Mount) and r.path == APP)
    pages = mounted.app.state_holder = OpenPages(limits.page_kept_s())
    pages.set_blocks(blocks)
    app.state.waiting = lambda: (len(blocks._queue), blocks._queue.max_size)
    return pages


def _ownership(several: Several | None, accounts: Accounts, config: WebConfig) -> Ownership:
    # Before anything of Gradio's is made: each component remembers the folder it was made under.
    if several is None:
        return Ownership(upload_folders.fresh())
    folder = upload_folders.shared(several.me, config.key)
    blobs = accounts.blobs if several.me.has_machines_beside else None
    return Ownership(folder, SharedFiles(folder, several.registry, blobs))


async def _keep_tidy(portal: PortalContext, registry: Registry) -> None:
    while True:
        try:
            await portal.workers.quick(portal.accounts.tidy, portal.config.keep_days)
            await portal.workers.quick(registry.tidy)
            await portal.workers.quick(share.forget_cards)
            living = await portal.workers.look_up(portal.accounts.people.living)
            await portal.workers.quick(portal.ownership.keep_only, living)
            await portal.workers.quick(portal.ownership.sweep, FILES_LIVE_S)
            if logins := oauth.shared_logins():
                await portal.workers.quick(logins.keep_only, living)
        except GenreGenieError as error:
            log.error("tidying failed, and will be tried again: %s", error)
        except Exception:
            log.exception("tidying failed; it will be tried again")
        await asyncio.sleep(TIDY_EVERY_S)
