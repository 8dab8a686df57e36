"""How the server is, for who looks after it: ``/readyz`` and ``/metrics``.

To everybody else these pages do not exist. ``/healthz`` is open: it says no more than that the
server answers.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from genregenie.common import settings
from genregenie.common.errors import GenreGenieError
from genregenie.inference.classifier import Classifier
from genregenie.web.lanes import BusyError
from genregenie.web.paths import METRICS, READY
from genregenie.web.peers.forwarding import hops
from genregenie.web.peers.several import Several
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import Portal
from genregenie.web.serving import metrics

MIN_FREE_BYTES: Final = 256 << 20
"""Five uploads of the largest kind, and a database that grows."""

OK: Final = "ok"

router = APIRouter()


async def _watcher(request: Request, portal: Portal) -> None:
    if not portal.config.watchers.have(request):
        raise HTTPException(404)


WATCHERS_ONLY: Final = Depends(_watcher)


async def _waiting(request: Request) -> tuple[int, int | None]:
    """How many events wait, and how many may."""
    found: tuple[int, int | None] = request.app.state.waiting()
    return found


@router.get(READY, dependencies=[WATCHERS_ONLY])
async def ready(portal: Portal, waiting: Annotated[tuple[int, int], Depends(_waiting)]) -> Response:
    """Whether people can be served: 200, or 503 with what stands in the way."""
    checks: dict[str, Callable[[], str]] = {
        "database": lambda: _database(portal),
        "model": _model,
        "disk": lambda: _disk(portal.ownership.folder, settings.data_dir()),
        "queue": lambda: _queue(*waiting),
    }
    found = {}
    for name, check in checks.items():
        try:
            found[name] = await portal.workers.look_up(check)
        except BusyError:
            found[name] = "failing: the server is too busy to look"
    well = all(told == OK for told in found.values())
    status = "ready" if well else "failing"
    return JSONResponse({"status": status, "checks": found}, 200 if well else 503)


@router.get(METRICS, dependencies=[WATCHERS_ONLY])
async def show_metrics(request: Request) -> Response:
    """What was counted, for Prometheus, by all processes that serve together."""
    several: Several | None = request.app.state.several
    told = metrics.text()
    if several and several.me.sockets and not hops(request.scope):
        others = await several.forwarding.ask_beside(request.scope)
        told = metrics.together({**others, several.me.name: told})
    return Response(told, headers={"content-type": metrics.CONTENT_TYPE})


def _database(portal: PortalContext) -> str:
    try:
        portal.accounts.db.ask()
    except GenreGenieError as error:
        return f"failing: {type(error).__name__}"
    return OK if portal.accounts.db.fault() is None else "failing: the database has gone"


def _model() -> str:
    try:
        Classifier.load()
    except (GenreGenieError, OSError) as error:
        return f"failing: {type(error).__name__}"
    return OK


def _disk(*folders: Path) -> str:
    for folder in folders:
        try:
            # What is not there yet will be made on the disk of what is above it.
            free = shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.exists())).free
        except OSError:
            return "failing: it cannot be read"
        if free < MIN_FREE_BYTES:
            return f"failing: {free >> 20} MB are left"
    return OK


def _queue(waiting: int, most: int | None) -> str:
    return OK if most is None or waiting < most else f"failing: full with {waiting} events"
