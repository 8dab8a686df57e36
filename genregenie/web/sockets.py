"""Sockets on the port that the app listens on: the one that was asked for, or the next free one."""

import contextlib
import errno
import logging
import os
import socket
from pathlib import Path
from typing import Final

from genregenie.common import settings

# How many ports above are tried. Ports are numbers up to this one.
TRIED: Final = 100
HIGHEST_PORT: Final = 65_535

log = logging.getLogger("genregenie.web")


def listen(host: str, port: int | None) -> tuple[list[socket.socket], int]:
    """Listen on a port, and on every address that the host has.

    Parameters
    ----------
    host : str
        A name or an address of this machine.
    port : int or None
        A port that is wanted, or None for 7860 and, where that is taken, the next free one.

    Returns
    -------
    sockets, port
        At least one socket that listens already, so that nobody else can take the port.

    Raises
    ------
    SettingsError
        If the port that is wanted is taken (the message names one that is free), or host or port
        cannot be listened on at all.
    """
    first = settings.USUAL_PORT if port is None else port
    try:
        for candidate in range(first, min(first + TRIED, HIGHEST_PORT) + 1):
            sockets = _try(host, candidate)
            if sockets is None:
                continue
            if candidate == first:
                return sockets, candidate
            if port is None:
                log.warning("port %d is taken by another program, so it is %d", first, candidate)
                return sockets, candidate
            for listening in sockets:
                listening.close()
            raise settings.SettingsError(
                f"Port {port} is taken by another program; {candidate} is free."
            )
    except socket.gaierror:
        raise settings.SettingsError(f"{host} is no name or address of this machine.") from None
    except OSError as error:
        raise settings.SettingsError(
            f"{host} cannot be listened on at port {first}: {os.strerror(error.errno or 0)}."
        ) from None
    raise settings.SettingsError(f"Port {first} is taken, and so are those above it.")


def listen_beside(path: Path) -> socket.socket:
    """Listen on a socket of this machine that only this account can reach.

    Raises
    ------
    SettingsError
        If there is no such thing here, or its path is too long.
    """
    try:
        # One that took its name keeps it; who had the old one open keeps that.
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        listening.listen(socket.SOMAXCONN)
    except (AttributeError, OSError) as error:
        raise settings.SettingsError(
            f"The socket {path} cannot be listened on: {error}. Set TMPDIR to a folder with a "
            "shorter path, or serve with one process."
        ) from None
    return listening


def _try(host: str, port: int) -> list[socket.socket] | None:
    """Sockets on all addresses of the host, or None if the port is taken on one of them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    missing: OSError | None = None
    with contextlib.ExitStack() as opened:
        sockets = []
        for family, kind, protocol, _, address in dict.fromkeys(found):
            try:
                listening = opened.enter_context(socket.socket(family, kind, protocol))
                if os.name == "posix":  # a port just given back is free; elsewhere this means more
                    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listening.bind(address)
                listening.listen(socket.SOMAXCONN)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return None
                # Localhost may have an address of a kind that this machine has not.
                missing = error
                continue
            sockets.append(listening)
        if not sockets and missing is not None:
            raise missing
        opened.pop_all()
        return sockets
