"""Where a connection comes from, as far as that tells one household from another."""

import ipaddress
from typing import Final

from starlette.types import Scope

_V6_PREFIX: Final = 64
"""What one customer is given at the least: within it addresses cost nothing."""


def network_of(scope: Scope) -> str:
    """An IPv4 address, the network of an IPv6 one; empty for what comes from no address.

    It is that of the connection; the server puts that of a client there where a proxy in front of
    it is one that ``GENREGENIE_TRUSTED_PROXIES`` names.
    """
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address.packed, _V6_PREFIX), strict=False))
        address = address.ipv4_mapped
    return str(address)
