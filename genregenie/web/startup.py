"""Starts the app: sees what it was told, takes a port, and then loads all that it needs."""

import atexit
import contextlib
import faulthandler
import logging
import os
import shutil
import socket
import tempfile
from typing import Any, cast

from genregenie.common import limits, settings
from genregenie.common.errors import GenreGenieError
from genregenie.common.replicas import replica, server_name
from genregenie.web.config import WebConfig
from genregenie.web.serving import logs, telemetry
from genregenie.web.serving.descriptors import raise_open_files, room
from genregenie.web.serving.lifeline import Lifeline
from genregenie.web.sockets import listen, listen_beside

log = logging.getLogger("genregenie.web")


def main() -> None:
    """`serve`, as the environment says; what stands in the way is a sentence, and the end."""
    try:
        serve()
    except GenreGenieError as error:
        raise SystemExit(str(error)) from None


def serve(
    host: str | None = None,
    port: int | None = None,
    log_level: int = logging.INFO,
    workers: int | None = None,
) -> None:
    """Start the app and stay until stopped.

    Parameters
    ----------
    host, port : optional
        Where to listen; by default what the environment says, else 127.0.0.1 (0.0.0.0 on a
        Space) and 7860, or the next port that is free.
    log_level : int
        From which level on the log, on the standard error, is written.
    workers : int, optional
        How many processes serve; by default what the environment says, else this one alone.

    Raises
    ------
    genregenie.common.settings.SettingsError
        If the environment holds a value that makes no sense, the port is taken, or nothing can be
        kept where something has to last.
    """
    tell_of_faults()
    logs.set_up(log_level, settings.log_form(), server_name())
    host, port = host or settings.server_host(), port or settings.server_port()
    workers = workers or limits.workers()
    find_data_folder()
    config = WebConfig.from_settings(host)
    if config.gate == "off" and not settings.is_this_machine(host):
        log.warning("the gate is off and %s is not this machine alone: anybody can come in", host)
    if config.smtp and not config.mails:
        log.warning("reset links are not mailed: GENREGENIE_PUBLIC_URL is not set")
    sockets, port = listen(host, port)
    shown = "localhost" if host == "0.0.0.0" else host  # noqa: S104
    ready = f"GenreGenie is at http://{shown}:{port}{config.root_path}/"
    if workers > 1:
        from genregenie.web.supervisor import supervise

        supervise(workers, sockets, ready, host, log_level)
    else:
        run(config, sockets, ready)


def tell_of_faults() -> None:
    """Have what ends this process as a fault of the machine's said, if there is where to say it."""
    with contextlib.suppress(OSError, RuntimeError):
        faulthandler.enable()


def run(
    config: WebConfig,
    sockets: list[socket.socket],
    ready: str | None = None,
    lifeline: Lifeline | None = None,
) -> None:
    """Serve on sockets that listen, until stopped.

    Parameters
    ----------
    config : WebConfig
    sockets : list of socket
    ready : str, optional
        Said when the app is there.
    lifeline : Lifeline, optional
        To the process that started this one and looks after it.

    Raises
    ------
    genregenie.common.settings.SettingsError
    """
    have_room = room(raise_open_files())
    telemetry.set_up(server_name())
    import uvicorn

    from genregenie.web.server import create_app
    from genregenie.web.serving.connections import KEEP_ALIVE_S, Connections

    connections = Connections(have_room, config.proxies)
    app = create_app(config=config, connections=connections)
    me = replica()
    if me is not None and me.socket is not None:  # not before: others answer until this one can
        sockets = [*sockets, listen_beside(me.socket)]
    if ready is not None:
        log.info("%s", ready)
    server = uvicorn.Config(
        app,
        # Addresses of requests would put reset tokens into the log.
        access_log=False,
        log_config=None,
        server_header=False,
        # The app itself knows whom to believe: `genregenie.web.serving.front`.
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=have_room.backlog,
        http=cast(Any, connections.protocol),
        # The page has no use for them, and one would leave the count of connections.
        ws="none",
    )

    class Server(uvicorn.Server):
        async def on_tick(self, counter: int) -> bool:
            ended = await super().on_tick(counter)
            return ended or (lifeline is not None and not lifeline.holds())

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # It waits for all that is open, and what streams would never end by itself.
            app.state.streams.stop()
            await super().shutdown(sockets)

    try:
        with contextlib.suppress(KeyboardInterrupt):
            Server(server).run(sockets)
    finally:
        telemetry.shut_down()


def find_data_folder() -> None:
    """Where nothing needs to last, a folder for this process alone does if there is no other."""
    if settings.gate_mode() != "off" and not settings.on_space():
        return
    try:
        settings.ready_data_dir()
    except settings.SettingsError as error:
        folder = tempfile.mkdtemp(prefix="genregenie-data-", dir=settings.upload_parent())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["GENREGENIE_DATA_DIR"] = folder
        log.warning("%s Until then what is kept is lost when the app stops.", error)
