"""Where the lab's work is done: the cores of this machine, or a Dask cluster."""

import contextlib
from collections.abc import Iterator
from typing import Final

from genregenie.table import DataError

_PATIENCE_S: Final = 10


@contextlib.contextmanager
def workers(address: str | None) -> Iterator[None]:
    """All joblib work inside goes to the Dask scheduler at `address`; None for this machine.

    Raises
    ------
    DataError
        If Dask is not installed, or nothing answers there.
    """
    if address is None:
        yield
        return
    try:
        from distributed import Client
        from joblib import parallel_config
    except ImportError as error:
        raise DataError(
            "Working on a Dask cluster needs two more packages: pip install dask distributed"
        ) from error
    try:
        client = Client(address, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        raise DataError(
            f"No Dask scheduler answers at {address}. Start one with 'dask scheduler' and give "
            "its address, such as tcp://192.0.2.1:8786."
        ) from error
    with client, parallel_config(backend="dask", wait_for_workers_timeout=_PATIENCE_S):
        yield
