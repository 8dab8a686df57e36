"""Tables like those of the lab."""

from tests.lab.conftest import results, spotify_table  # noqa: F401
