"""Files of people whom several servers know."""

from pathlib import Path

import pytest

from genregenie.storage.folder_blobs import FolderBlobs
from genregenie.storage.registry import MemoryRegistry
from genregenie.web.security.ownership import Ownership
from genregenie.web.security.shared_files import SharedFiles

ADA, BOB, GUEST = 1, 2, 3


class House:
    """Two servers with a folder each, and what they share."""

    def __init__(self, folder: Path) -> None:
        self.registry, self.blobs = MemoryRegistry(), FolderBlobs(folder / "blobs")
        self.a, self.b = self._server(folder / "a"), self._server(folder / "b")

    def _server(self, folder: Path) -> Ownership:
        folder.mkdir()
        return Ownership(folder, SharedFiles(folder, self.registry, self.blobs))

    def upload(self, person: int | None, name: str = "abc/song.mp3") -> tuple[str, str]:
        """To the first; gives where it is there, and where it would be at the other."""
        path = self.a.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"la la la")
        self.a.grant(person, str(path))
        self.a.share(person, [str(path)], uploaded=True)
        return str(path), str(self.b.folder / name)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.parametrize("person", [ADA, None])
def test_another_server_has_it_when_its_owner_asks(house: House, person: int | None) -> None:
    _, there = house.upload(person)
    assert not house.b.may_use(person, there)
    house.b.learn(person, [there])
    assert house.b.may_use(person, there)
    assert Path(there).read_bytes() == b"la la la"


def test_it_is_nobody_elses_there_either(house: House) -> None:
    _, there = house.upload(ADA)
    for stranger in (BOB, None):
        house.b.learn(stranger, [there])
        assert not house.b.may_use(stranger, there)
    assert not Path(there).exists()
    house.b.learn(ADA, [there])
    house.b.learn(BOB, [there])
    assert not house.b.may_use(BOB, there)


def test_the_same_file_may_be_of_two(house: House) -> None:
    here, there = house.upload(ADA)
    house.a.grant(BOB, here)
    house.a.share(BOB, [here], uploaded=False)
    house.b.learn(BOB, [there])
    assert house.b.may_use(BOB, there)
    assert house.b.may_use(ADA, there)


def test_what_a_guest_takes_along_is_known_everywhere(house: House) -> None:
    _, there = house.upload(GUEST)
    house.a.hand_over(GUEST, ADA)
    house.b.learn(ADA, [there])
    assert house.b.may_use(ADA, there)
    house.b.learn(GUEST, [there])
    assert not house.b.may_use(GUEST, there)


def test_when_somebody_goes_no_copy_is_left(house: House) -> None:
    here, there = house.upload(ADA)
    house.b.learn(ADA, [there])
    house.a.forget(ADA)
    house.b.forget(ADA)
    assert not Path(here).exists()
    assert not Path(there).exists()
    assert list(house.blobs.each()) == []
    assert house.registry.values("file") == []


def test_who_goes_takes_nothing_from_somebody_with_the_same_file(house: House) -> None:
    here, there = house.upload(ADA)
    beside = Ownership(house.a.folder, house.a.shared)  # a server of the same machine
    beside.grant(BOB, here)
    beside.share(BOB, [here], uploaded=True)
    house.a.forget(ADA)
    assert Path(here).exists()
    house.b.learn(ADA, [there])
    assert not house.b.may_use(ADA, there)
    house.b.learn(BOB, [there])
    assert Path(there).exists()
    beside.forget(BOB)
    assert not Path(here).exists()
    assert house.registry.values("file") == []


def test_where_nothing_can_be_written_it_is_not_fetched(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    _, there = house.upload(ADA)
    house.b.folder.rmdir()
    house.b.folder.write_text("in the way")
    house.b.learn(ADA, [there])
    assert not Path(there).exists()
    assert "cannot be had here" in caplog.text


def test_old_copies_are_swept_up(house: House) -> None:
    house.upload(ADA)
    house.b.sweep(3600)
    assert len(list(house.blobs.each())) == 1
    house.b.sweep(-1)
    assert list(house.blobs.each()) == []


def test_what_lies_outside_is_not_looked_for(house: House) -> None:
    for path in ("/etc/passwd", str(house.a.folder / ".." / "blobs"), "", "\0"):
        house.b.learn(ADA, [path])
        assert not house.b.may_use(ADA, path)


def test_nothing_in_a_shared_folder_is_everybodys(house: House) -> None:
    here, _ = house.upload(ADA)
    again = Ownership(house.a.folder, house.a.shared)
    again.publish()
    assert not again.may_use(BOB, here)
