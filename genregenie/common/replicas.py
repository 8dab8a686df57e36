"""Which of several servers this process is, as the environment says."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genregenie.common import environment
from genregenie.common.environment import SettingsError

_NAME: Final = re.compile(r"[a-z0-9]{1,16}(-[a-z0-9]{1,16})?")
SOCKETS: Final = "GENREGENIE_SERVER_SOCKETS"
"""Set for the workers of ``genregenie serve --workers``, by the process that started them."""


@dataclass(frozen=True)
class Replica:
    """One server of several that share a database.

    Attributes
    ----------
    name : str
        By which proxies and the others know it.
    address : str or None
        Where the others reach it, if they do.
    sockets : Path or None
        A folder of sockets, one for each server of this machine that the same process started.
    """

    name: str
    address: str | None = None
    sockets: Path | None = None

    @property
    def has_machines_beside(self) -> bool:
        """Whether others may run on other machines: whoever runs them gave this one a name."""
        return self.sockets is None or "-" in self.name

    @property
    def socket(self) -> Path | None:
        """Where the others of this machine reach it; None where there are none."""
        return self.sockets / f"{self.name}.sock" if self.sockets else None


def replica() -> Replica | None:
    """``GENREGENIE_SERVER_NAME`` and ``GENREGENIE_SERVER_ADDRESS``; None for a server by itself.

    Raises
    ------
    SettingsError
        If the name is none, or the address is no address.
    """
    name = server_name()
    address = environment.address("GENREGENIE_SERVER_ADDRESS", "http://10.0.0.5:7860")
    sockets = os.environ.get(SOCKETS)
    if not name:
        if address is not None:
            raise SettingsError("GENREGENIE_SERVER_ADDRESS needs GENREGENIE_SERVER_NAME, too.")
        return None
    if not _NAME.fullmatch(name):
        raise SettingsError(
            "GENREGENIE_SERVER_NAME must be up to 16 small letters and digits, such as a or web2."
        )
    return Replica(name, address, Path(sockets) if sockets else None)


def server_name() -> str:
    """``GENREGENIE_SERVER_NAME`` as it is, for the log; empty for a server by itself."""
    return (os.environ.get("GENREGENIE_SERVER_NAME") or "").strip()


def cluster() -> str | None:
    """Dask's scheduler, which clips are sent to: ``GENREGENIE_DASK``, else None.

    Raises
    ------
    SettingsError
        If it is no address of a scheduler.
    """
    address = (os.environ.get("GENREGENIE_DASK") or "").strip()
    if address and not re.fullmatch(r"(tcp|tls)://[^\s/]+:\d{1,5}", address):
        raise SettingsError("GENREGENIE_DASK must be an address such as tcp://10.0.0.5:8786.")
    return address or None
