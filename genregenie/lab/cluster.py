"""Where the lab's work is done: the cores of this machine, or a Dask cluster."""

import contextlib
from collections.abc import Iterator

from joblib import parallel_config

from genregenie.inference.cluster import CONNECT_S, connect


@contextlib.contextmanager
def workers(address: str | None) -> Iterator[None]:
    """All joblib work inside goes to the Dask scheduler at `address`; None for this machine.

    Raises
    ------
    ClusterError
        If Dask is not installed, or nothing answers there.
    """
    if address is None:
        yield
        return
    with (
        connect(address) as client,
        parallel_config("dask", client=client, wait_for_workers_timeout=CONNECT_S),
    ):
        yield
