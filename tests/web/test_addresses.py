"""Where connections come from."""

import pytest

from genregenie.web.addresses import network_of


@pytest.mark.parametrize(
    ("client", "network"),
    [
        (("203.0.113.7", 1), "203.0.113.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::ffff", 1), "2001:db8:1:2::/64"),
        (("::ffff:203.0.113.7", 1), "203.0.113.7"),
        (("testclient", 1), ""),
        (("", 1), ""),
        (None, ""),
    ],
)
def test_one_household_is_one(client: tuple[str, int] | None, network: str) -> None:
    assert network_of({"type": "http", "client": client}) == network
