"""The servers that share a database: which there are, and which of them this one is.

Each says every few seconds that it is there; one that has not said so for a while is gone. The
cookie that keeps a browser with one server begins with that server's name, for proxies to read.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from genregenie.common.environment import SettingsError
from genregenie.common.errors import GenreGenieError
from genregenie.common.replicas import Replica
from genregenie.storage.registry import DatabaseRegistry
from genregenie.web.workers import Workers

TELL_EVERY_S: Final = 2.0
GONE_AFTER_S: Final = 10.0
_KIND: Final = "server"

log = logging.getLogger("genregenie.web")


@dataclass(frozen=True)
class Peer:
    """A server that is there, and where it is reached; None where it is not reached from here."""

    name: str
    address: str | None


class Servers:
    """The servers, and which of them this one is.

    Parameters
    ----------
    me : Replica
    registry : DatabaseRegistry
    key : bytes
        That all of them have.

    Raises
    ------
    SettingsError
        If there is one with another key.
    """

    def __init__(self, me: Replica, registry: DatabaseRegistry, key: bytes) -> None:
        self.me = me
        self._registry = registry
        self._key = key
        self._process = secrets.token_hex(8)
        self._peers: dict[str, Peer] = {}
        if registry.unreadable(_KIND):
            raise SettingsError(
                "Another server that runs with this database has another key. Give all of them "
                "the same GENREGENIE_SECRET_KEY."
            )

    def cookie(self) -> str:
        """What stands in the cookie of a browser that is to stay with this server."""
        return self._sign(self.me.name)

    def named_by(self, cookie: str | None) -> str | None:
        """The server that a browser is to stay with; None without a cookie of ours."""
        name = (cookie or "").partition(".")[0]
        # As bytes, since others may have written anything there.
        ours = hmac.compare_digest(self._sign(name).encode(), (cookie or "").encode())
        return name if ours else None

    def find(self, name: str) -> Peer | None:
        """A server that is there as far as is known."""
        return self._peers.get(name)

    def is_there(self, name: str) -> bool:
        """Whether a server has been heard of lately."""
        return name in self._peers

    async def keep_telling(self, workers: Workers, then: Callable[[], Any]) -> None:
        """Tell the others that this one is there, and look who else is, until cancelled.

        Parameters
        ----------
        workers : Workers
        then : callable
            Other work of that kind, done each time.
        """
        try:
            while True:
                try:
                    # On a thread of its own: who is only busy is not gone.
                    await asyncio.to_thread(self.tell)
                    await workers.quick(then)
                except GenreGenieError as error:
                    log.warning("the other servers do not hear of this one: %s", error)
                except Exception:
                    log.exception("telling the other servers failed; it will be tried again")
                await asyncio.sleep(TELL_EVERY_S)
        finally:
            await asyncio.shield(asyncio.to_thread(self._leave))

    def tell(self) -> None:
        """Do so once."""
        mine = {"name": self.me.name, "address": self.me.address, "process": self._process}
        about = json.dumps(mine)
        self._registry.put(_KIND, self.me.name, about, GONE_AFTER_S)
        found = map(json.loads, self._registry.values(_KIND))
        self._peers = {peer["name"]: Peer(peer["name"], peer["address"]) for peer in found}

    def _leave(self) -> None:
        def but_mine(known: str | None) -> str | None:
            """What another process of this name has said since stays."""
            mine = known is None or json.loads(known)["process"] == self._process
            return None if mine else known

        try:
            self._registry.change(_KIND, self.me.name, but_mine, GONE_AFTER_S)
        except GenreGenieError as error:
            log.debug("the others find out by themselves: %s", error)

    def _sign(self, name: str) -> str:
        digest = hmac.new(self._key, f"server\0{name}".encode(), hashlib.sha256).digest()
        return f"{name}.{base64.urlsafe_b64encode(digest[:18]).decode()}"
