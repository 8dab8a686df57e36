"""Many clips at once: files and archives, good and bad."""

import csv
import io
import zipfile
from pathlib import Path

import gradio as gr
import pytest

from genregenie.audio import AudioError
from genregenie.web import uploads
from genregenie.web.ui.tabs import batch
from tests import sounds


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("album/one.wav", sounds.encode(sounds.tune(3.0, seed=1)))
        packed.writestr("album/", "")
        packed.writestr("__MACOSX/album/._one.wav", b"x")
        packed.writestr(".DS_Store", b"x")
        packed.writestr("notes.txt", "not a song")
        packed.writestr("=two.wav", sounds.encode(sounds.tune(3.0, seed=2)))
    return path


def test_archives_are_opened_and_companions_left_out(archive: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose.wav"
    loose.write_bytes(sounds.encode(sounds.tune(2.0)))
    found = list(uploads.clips([str(loose), str(archive)]))
    assert [c.name for c in found] == ["loose.wav", "album/one.wav", "notes.txt", "=two.wav"]
    assert uploads.count([str(loose), str(archive)]) == 4


def test_the_table_fills_row_by_row_and_ends_with_a_csv(archive: Path, tmp_path: Path) -> None:
    # While a clip takes its time the table stays as it is; only Stop is to be seen.
    steps = [s for s in batch.listen_to_all([str(archive)]) if s[0] != gr.skip()]
    assert [len(step[1]["value"]) for step in steps[:-1]] == [1, 2, 3]
    assert "Listened to 1 of 3." in steps[0][0]
    assert "1 could not be used" in steps[-1][0]
    table = steps[-2][1]["value"]
    assert table["Verdict"].tolist()[1] == "failed"
    assert table["Remark"].tolist()[1].startswith("This is not audio")
    with Path(steps[-1][3]["value"]).open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(batch.COLUMNS)
    assert len(rows) == 4
    assert rows[3][0] == "'=two.wav"  # no formula for a spreadsheet


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("big.wav", bytes(uploads.MAX_CLIP_BYTES + 1))
    return buffer.getvalue()


def encrypted() -> bytes:
    data = bytearray()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("secret.wav", b"0" * 100)
    data[:] = buffer.getvalue()
    data[6] |= 1  # the flag in the local header, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("song.wav", sounds.encode(sounds.tune(2.0)))
    data = bytearray(buffer.getvalue())
    data[100:2000] = bytes(1900)
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "message"),
    [(bomb, "larger than 50 MB"), (encrypted, "encrypted"), (damaged, "damaged")],
)
def test_bad_archives_give_a_sentence(content, message, tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    path.write_bytes(content())
    (clip,) = uploads.clips([str(path)])
    assert isinstance(clip.content, AudioError)
    assert message in str(clip.content)


def test_an_empty_archive(tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    (clip,) = uploads.clips([str(path)])
    assert "no files" in str(clip.content)


def test_there_is_a_limit_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for i in range(uploads.MAX_CLIPS + 5):
            packed.writestr(f"{i}.wav", b"x")
    found = list(uploads.clips([str(path)]))
    assert len(found) == uploads.MAX_CLIPS + 1
    assert "Only the first 200" in str(found[-1].content)


def test_nothing_at_all() -> None:
    (end,) = batch.listen_to_all(None)
    assert "Listened to all 0" in end[0]
