"""What a server has that is one of several."""

from dataclasses import dataclass

from genregenie.common.replicas import Replica, replica
from genregenie.storage.database import Database
from genregenie.storage.registry import DatabaseRegistry
from genregenie.web.peers.forwarding import Forwarding
from genregenie.web.peers.servers import Servers


@dataclass(frozen=True)
class Several:
    """A server among others, what they tell each other, and how requests are handed on."""

    me: Replica
    registry: DatabaseRegistry
    servers: Servers
    forwarding: Forwarding


def join(db: Database, key: bytes) -> Several | None:
    """Take this server's place among those of a database; None where it is by itself.

    Raises
    ------
    SettingsError
        If the environment makes no sense, or another server signs with another key.
    """
    me = replica()
    if me is None:
        return None
    registry = DatabaseRegistry(db, key)
    servers = Servers(me, registry, key)
    return Several(me, registry, servers, Forwarding(me, key, servers.is_there))
