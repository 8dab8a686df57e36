"""Where a try to get in comes from, as far as that tells one person from another."""

from collections.abc import Hashable
from dataclasses import dataclass, field

from genregenie.accounts.names import name_key


@dataclass(frozen=True)
class Origin:
    """Somebody at the door, or inside already.

    Attributes
    ----------
    address : str
        The network that the connection comes from; empty where nobody knows.
    device : str or None
        What tells a browser apart that has logged in to this very account before.
    session : str or None
        The token of who is logged in.
    account : str
        The name of that account, where the browser or the session is known.
    """

    address: str = ""
    device: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    account: str = ""

    @property
    def known(self) -> bool:
        """Whether it is told apart from whoever else shares its address."""
        return self.session is not None or self.device is not None

    @property
    def lane(self) -> Hashable:
        """Who has this in common waits in one line: an account has one, on however many devices."""
        return ("account", name_key(self.account)) if self.known else ("address", self.address)


NOWHERE = Origin()
"""Of what nobody has sent: the program itself, or its tests."""
