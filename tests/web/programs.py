"""Clients that are programs of somebody's."""

import secrets
from collections.abc import Callable

import httpx

from genregenie.accounts.access_tokens import SCOPES
from genregenie.accounts.core import User
from tests.web.servers import GOOD, Server


class Program(httpx.Client):
    """A program with a token of somebody's."""

    def __init__(self, server: Server, user: User, *scopes: str, address: str = "") -> None:
        tokens = server.accounts.access_tokens
        self.user = user
        self.token = tokens.make(user, "a test", scopes or SCOPES, 30)
        self.number = tokens.of(user.id)[0].id
        headers = {"authorization": f"Bearer {self.token}"}
        super().__init__(
            base_url=server.url, headers=headers, timeout=60, transport=coming_from(address)
        )


def coming_from(address: str = "") -> httpx.HTTPTransport:
    """Connections from an address of this machine; by default from one that nobody else has.

    Who shows wrong tokens is counted by address.
    """
    numbers = (str(secrets.randbelow(254) + 1) for _ in range(3))
    return httpx.HTTPTransport(local_address=address or ".".join(["127", *numbers]))


Programs = Callable[..., Program]


def somebody(server: Server) -> User:
    return server.accounts.people.sign_up(f"api-{secrets.token_hex(6)}", "", GOOD)[0]
