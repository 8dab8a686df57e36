"""What one server does for a person, others hear of."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from genregenie.accounts.core import User
from genregenie.storage.registry import MemoryRegistry
from genregenie.web.config import WebConfig
from genregenie.web.identity import Identity, identify
from genregenie.web.portal.context import PortalContext
from genregenie.web.security.ownership import Ownership
from genregenie.web.security.shared_files import SharedFiles
from genregenie.web.workers import Workers
from tests.web.servers import in_a_loop

GUEST, ADA = User(2, "guest-2", guest=True), User(1, "Ada")


@pytest.fixture
def portals(tmp_path: Path) -> tuple[PortalContext, PortalContext]:
    registry, accounts = MemoryRegistry(), SimpleNamespace()

    def portal(name: str) -> PortalContext:
        (tmp_path / name).mkdir()
        ownership = Ownership(tmp_path / name, SharedFiles(tmp_path / name, registry))
        there: Any = accounts
        return PortalContext(there, Workers(), WebConfig(), ownership, registry)

    return portal("a"), portal("b")


def test_what_a_guest_has_at_another_server_comes_along(
    portals: tuple[PortalContext, PortalContext],
) -> None:
    here, elsewhere = portals
    path = elsewhere.ownership.folder / "song.mp3"
    path.write_bytes(b"la la la")
    elsewhere.ownership.grant(GUEST.id, str(path))
    request = Request({"type": "http", "method": "POST", "path": "/login", "headers": []})
    identify(request.scope, Identity(GUEST, "", ""))
    assert in_a_loop(here.bring_along, request, ADA)
    here.forget_files(GUEST.id)
    elsewhere.hear_of_people()
    assert elsewhere.ownership.may_use(ADA.id, str(path))
    assert not elsewhere.ownership.may_use(GUEST.id, str(path))
    assert path.exists()


def test_what_somebody_had_who_is_deleted_goes_everywhere(
    portals: tuple[PortalContext, PortalContext],
) -> None:
    here, elsewhere = portals
    path = elsewhere.ownership.folder / "song.mp3"
    path.write_bytes(b"la la la")
    elsewhere.ownership.grant(ADA.id, str(path))
    here.forget_files(ADA.id)
    elsewhere.hear_of_people()
    assert not path.exists()
