"""Who may see how the server is: whoever looks after it, and nobody else."""

import hmac
import ipaddress
from dataclasses import dataclass, field

from starlette.requests import Request

from genregenie.common import settings

_PASSED_ON = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


@dataclass(frozen=True)
class Watchers:
    """Where they come from, or what they say.

    Attributes
    ----------
    networks : tuple of str
    token : str or None
        Goes before where they come from.
    """

    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    token: str | None = field(default=None, repr=False)

    @classmethod
    def from_settings(cls) -> "Watchers":
        """What the environment says.

        Raises
        ------
        SettingsError
            If a variable holds a value that makes no sense.
        """
        return cls(tuple(settings.metrics_from()), settings.metrics_token())

    def have(self, request: Request) -> bool:
        """Whether a request is one of theirs."""
        given = request.headers.get("authorization", "").encode()
        if self.token and hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return True
        # What a proxy passes on comes from the proxy's address, and may be anybody's.
        if request.client is None or any(name in request.headers for name in _PASSED_ON):
            return False
        try:
            address = ipaddress.ip_address(request.client.host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in ipaddress.ip_network(one) for one in self.networks)
