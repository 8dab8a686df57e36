"""People, a Spotify, tables and a way to run commands, for those that need them."""

from tests.accounts.conftest import accounts, clock, database_url, postgres  # noqa: F401
from tests.lab.conftest import own_csv  # noqa: F401
from tests.spotify.conftest import server  # noqa: F401
from tests.tagging.conftest import run  # noqa: F401
