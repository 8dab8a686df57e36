"""What holds of blobs wherever they lie: in either database, in a folder, in S3."""

import io
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genregenie.accounts.core import MIGRATIONS
from genregenie.common.services import BlobPlace, SettingsError, blob_place
from genregenie.storage import blobs as blobs_module
from genregenie.storage import s3_blobs
from genregenie.storage.blob_stores import MovedBlobs, open_blobs, open_place
from genregenie.storage.blobs import BlobError, Blobs, new_key
from genregenie.storage.database import Database
from genregenie.storage.database_blobs import DatabaseBlobs
from genregenie.storage.folder_blobs import FolderBlobs
from genregenie.storage.s3_blobs import S3Blobs
from tests.storage.s3 import Bucket

PLACES = ["sqlite", "postgresql", "folder", "s3"]
BAD_KEYS = ["", "a", "a/", "/a", "a/b/c", "A/b", "a/B", "a/.b", "../b", "a/..", "a/b\n", "a/\0"]
BAD_KEYS += ["a//b", "a\\b/c", "a/é", "a/" + "b" * 200]

keys = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}/[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True)
contents = st.binary(max_size=3000)


@pytest.fixture
def kind(place: str) -> str:
    """Of the database behind `new_database_url`."""
    return place


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def blobs(place: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty place of each kind."""
    if place == "folder":
        yield FolderBlobs(tmp_path / "blobs")
    elif place == "s3":
        bucket: Bucket = request.getfixturevalue("bucket")
        yield S3Blobs(bucket.name, "some/where", bucket.endpoint)
    else:
        db = Database(request.getfixturevalue("new_database_url"))
        yield DatabaseBlobs(db)
        db.close()


def held(blobs: Blobs, prefix: str = "") -> dict[str, int]:
    return {blob.key: blob.bytes for blob in blobs.each(prefix)}


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.dictionaries(keys, contents, max_size=5), again=contents)
def test_what_is_kept_comes_back(blobs: Blobs, entries: dict[str, bytes], again: bytes) -> None:
    for key in held(blobs):  # of the example before
        blobs.delete(key)
    for key, content in entries.items():
        blobs.put(key, content)
    assert {key: blobs.get(key) for key in entries} == entries
    assert held(blobs) == {key: len(content) for key, content in entries.items()}
    for key in entries:
        for end in range(len(key) + 1):
            begin = key[:end]
            meant = {k: len(c) for k, c in entries.items() if k.startswith(begin)}
            if end in (0, 1, key.index("/") + 1, len(key)):
                assert held(blobs, begin) == meant
    if entries:
        key = min(entries)
        blobs.put(key, io.BytesIO(again))
        assert blobs.get(key) == again
        blobs.delete(key)
        blobs.delete(key)
        assert blobs.get(key) is None
        assert key not in held(blobs)
        assert len(held(blobs)) == len(entries) - 1


def test_a_large_one_comes_from_a_file_and_has_its_age(blobs: Blobs, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "clip").write_bytes(content)
    with (tmp_path / "clip").open("rb") as file:
        blobs.put("audio/large", file)
    assert blobs.get("audio/large") == content
    (blob,) = blobs.each("audio/")
    assert blob.bytes == 3 << 20
    assert abs(blob.made_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_what_is_listed_may_be_deleted_on_the_way(blobs: Blobs, monkeypatch) -> None:
    monkeypatch.setattr("genregenie.storage.database_blobs._LISTED_AT_ONCE", 3)
    for number in range(10):
        blobs.put(f"audio/{number}", b"x")
    blobs.put("cover/0", b"x")
    for blob in blobs.each("audio/"):
        blobs.delete(blob.key)
    assert held(blobs) == {"cover/0": 1}


def test_what_is_no_key_reaches_nothing(blobs: Blobs) -> None:
    uses: list[Callable[[str], object]] = [
        lambda key: blobs.put(key, b"x"),
        blobs.get,
        blobs.delete,
    ]
    for key in BAD_KEYS:
        for use in uses:
            with pytest.raises(ValueError, match="no key"):
                use(key)
    with pytest.raises(ValueError, match="begins"):
        list(blobs.each("../"))


def test_nobody_else_gets_a_new_key() -> None:
    some = {new_key("audio") for _ in range(100)}
    assert len(some) == 100
    assert all(blobs_module.check_key(key).startswith("audio/") for key in some)


# --- the folder ------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_a_folder_is_private(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "new" / "blobs")
    blobs.put("audio/a", b"x")
    blobs.put("audio/a", b"y")
    folder = tmp_path / "new" / "blobs"
    modes = [
        stat.S_IMODE(p.stat().st_mode) for p in (folder, folder / "audio", *folder.glob("*/*"))
    ]
    assert modes == [0o700, 0o700, 0o600]


def test_what_was_broken_off_is_not_seen_and_goes_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.put("audio/a", b"whole")

    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BlobError, match="Input/output error"):
        blobs.put("audio/a", Broken())
    assert (blobs.get("audio/a"), held(blobs)) == (b"whole", {"audio/a": 5})
    old, new = tmp_path / "audio" / ".a-1", tmp_path / "audio" / ".a-2"  # as one that was killed
    for draft in (old, new):
        draft.write_bytes(b"ha")
    os.utime(old, (time.time() - 4000,) * 2)
    (tmp_path / "audio" / "READ ME").write_text("somebody else's")
    again = FolderBlobs(tmp_path)
    assert held(again) == {"audio/a": 5}
    assert (old.exists(), new.exists()) == (False, True)


def test_of_a_folder_that_is_away_nothing_seems_gone(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "disk")
    (tmp_path / "disk").rename(tmp_path / "away")
    uses: list[Callable[[], object]] = [
        lambda: blobs.get("audio/a"),
        lambda: blobs.delete("audio/a"),
        lambda: blobs.put("audio/a", b"x"),
        lambda: list(blobs.each()),
    ]
    for use in uses:
        with pytest.raises(BlobError, match="disk cannot be used: No such file"):
            use()
    (tmp_path / "disk").write_text("no folder")
    with pytest.raises(BlobError, match="cannot be used"):
        FolderBlobs(tmp_path / "disk")


# --- S3 --------------------------------------------------------------------------------------


def test_a_bucket_that_is_not_there_is_a_sentence(bucket: Bucket) -> None:
    with pytest.raises(BlobError, match="bucket nobodys cannot be used: there is no such bucket"):
        S3Blobs("nobodys", "", bucket.endpoint)
    blobs = S3Blobs(bucket.name, "", bucket.endpoint)
    bucket.remove()
    for use in (
        lambda: blobs.get("a/b"),
        lambda: blobs.put("a/b", b"x"),
        lambda: list(blobs.each()),
    ):
        with pytest.raises(BlobError, match="there is no such bucket") as caught:
            use()
        assert caught.value.kind == "NoSuchBucket"


def test_a_server_that_does_not_answer_is_a_sentence(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "known")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(s3_blobs, "TRIES", 1)
    with pytest.raises(BlobError, match="its server does not answer") as caught:
        S3Blobs("music", "", f"http://127.0.0.1:{free_port}")
    assert "secret" not in str(caught.value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(BlobError, match="there are no keys"):
        S3Blobs("music", "", f"http://127.0.0.1:{free_port}")


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(BlobError, match=r"pip install 'genregenie\[s3\]'"):
        open_place(BlobPlace("s3", "music"))


def test_two_parts_of_a_bucket_do_not_meet(bucket: Bucket) -> None:
    one, two = (S3Blobs(bucket.name, part, bucket.endpoint) for part in ("a", "ab"))
    one.put("audio/x", b"1")
    two.put("audio/x", b"22")
    assert (held(one), held(two)) == ({"audio/x": 1}, {"audio/x": 2})
    one.delete("audio/x")
    assert (held(one), two.get("audio/x")) == ({}, b"22")


# --- from one place to another ---------------------------------------------------------------


def test_what_the_database_has_is_found_and_moved(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/x.sqlite3")
    db.upgrade(MIGRATIONS)
    earlier = open_blobs(db, BlobPlace())
    for number in range(3):
        earlier.put(f"audio/{number}", bytes([number]))
    place = BlobPlace("folder", str(tmp_path / "blobs"))
    blobs = open_blobs(db, place)
    assert isinstance(blobs, MovedBlobs)
    assert (blobs.get("audio/1"), blobs.get("audio/9")) == (b"\1", None)
    blobs.delete("audio/0")
    blobs.put("audio/3", b"\3")
    assert held(earlier, "audio/") == {"audio/1": 1, "audio/2": 1}
    assert held(blobs, "audio/") == {"audio/1": 1, "audio/2": 1, "audio/3": 1}
    assert (blobs.move(), blobs.move()) == (2, 0)
    assert held(earlier, "audio/") == {}
    assert {n: blobs.get(f"audio/{n}") for n in range(4)} == {0: None, 1: b"\1", 2: b"\2", 3: b"\3"}
    blobs.delete("audio/2")
    assert held(blobs, "audio/") == {"audio/1": 1, "audio/3": 1}
    db.close()


def test_a_place_is_for_one_database(tmp_path: Path) -> None:
    place = BlobPlace("folder", str(tmp_path / "blobs"))

    def opened(name: str) -> Blobs:
        db = Database(f"sqlite:///{tmp_path}/{name}.sqlite3")
        db.upgrade(MIGRATIONS)
        try:
            return open_blobs(db, place)
        finally:
            db.close()

    opened("first").put("audio/a", b"x")
    assert opened("first").get("audio/a") == b"x"
    with pytest.raises(BlobError, match="files of another database"):
        opened("second")  # which would find that nobody names any of them
    shutil.rmtree(tmp_path / "blobs" / "owner")
    assert opened("second").get("audio/a") == b"x"
    with pytest.raises(BlobError, match="files of another database"):
        opened("first")


def test_processes_that_claim_a_place_at_once_all_have_it(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/x.sqlite3")
    db.upgrade(MIGRATIONS)
    place = BlobPlace("folder", str(tmp_path / "blobs"))
    with ThreadPoolExecutor(6) as pool:
        some = list(pool.map(lambda _: open_blobs(db, place), range(6)))
    some[0].put("audio/a", b"x")
    assert [blobs.get("audio/a") for blobs in some] == [b"x"] * 6
    assert open_blobs(db, place).get("audio/a") == b"x"
    db.close()


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    assert blob_place() == BlobPlace()
    places = {
        "database": BlobPlace(),
        "/srv/blobs": BlobPlace("folder", "/srv/blobs"),
        "folder:/srv/blobs": BlobPlace("folder", "/srv/blobs"),
        "s3://music": BlobPlace("s3", "music"),
        "s3://music/of/ours/": BlobPlace("s3", "music/of/ours"),
    }
    for given_, place in places.items():
        monkeypatch.setenv("GENREGENIE_BLOBS", given_)
        assert blob_place() == place
    monkeypatch.setenv("GENREGENIE_S3_ENDPOINT", "https://s3.example.org/")
    assert blob_place().endpoint == "https://s3.example.org"
    for wrong in ("blobs", "folder:blobs", "s3://", "s3://A", "s3:music", "https://music"):
        monkeypatch.setenv("GENREGENIE_BLOBS", wrong)
        with pytest.raises(SettingsError, match="GENREGENIE_BLOBS must be"):
            blob_place()
