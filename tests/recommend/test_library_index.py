"""An index of one's own music: built, searched, refreshed, and refused when it does not fit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from genregenie.audio.parallel import CRASHED
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.inference.classifier import Classifier
from genregenie.recommend import library_index as module
from genregenie.recommend.acoustic import Acoustic, directions
from genregenie.recommend.indexing import index_folder
from genregenie.recommend.library_index import Entry, Library, LibraryError, write_library
from tests import deaths, sounds

CENTRE = np.zeros(VECTOR_WIDTH)


def write(folder, count, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, VECTOR_WIDTH))
    entries = [Entry(f"/m/{i}.mp3", f"artist {i}", f"song {i}", "rock", 1, 2) for i in range(count)]
    folder.mkdir()
    write_library(folder, entries, directions(vectors, CENTRE), CENTRE)
    return vectors


def test_the_nearest_of_a_small_library(tmp_path):
    vectors = write(tmp_path / "i", 200)
    library = Library.load(tmp_path / "i", CENTRE)
    assert len(library) == 200
    found = library.nearest(vectors[42], 5)
    assert found[0].path == "/m/42.mp3"
    assert found[0].alike == pytest.approx(1.0, abs=1e-5)
    assert len(found) == 5
    assert library.nearest(np.empty(0)) == []


def test_a_big_library_finds_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EXACT_ROWS", 10**9)
    vectors = write(tmp_path / "small", 5000)
    exact = Library.load(tmp_path / "small", CENTRE)
    monkeypatch.setattr(module, "EXACT_ROWS", 1000)
    write(tmp_path / "big", 5000)
    quick = Library.load(tmp_path / "big", CENTRE)
    assert (tmp_path / "big" / module.FAISS).exists()
    assert not (tmp_path / "small" / module.FAISS).exists()
    agreed = []
    for vector in vectors[:50] + 0.3 * vectors[50:100]:
        a, b = exact.nearest(vector, 10), quick.nearest(vector, 10)
        assert b[0].path == a[0].path
        assert b[0].alike == pytest.approx(a[0].alike, abs=1e-5)
        agreed.append(len({t.path for t in a} & {t.path for t in b}) / 10)
    assert np.mean(agreed) > 0.7  # noise has no neighbourhoods; music does better


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: shutil.rmtree(folder), "There is no index"),
        (lambda folder: (folder / "library.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "library.json").write_text("[]"), "cannot be read"),
        (lambda folder: (folder / "vectors.npy").write_bytes(b"x"), "cannot be read"),
        (lambda folder: (folder / "vectors.npy").write_bytes(b""), "cannot be read"),
        (lambda folder: (folder / "tracks.sqlite3").unlink(), "do not fit together"),
        (
            lambda folder: (folder / "library.json").write_text(
                json.dumps({"format": 1, "tracks": 20, "model": "another"})
            ),
            "another model",
        ),
    ],
)
def test_an_index_that_cannot_be_used(tmp_path, spoil, words):
    write(tmp_path / "i", 20)
    spoil(tmp_path / "i")
    with pytest.raises(LibraryError, match=words):
        Library.load(tmp_path / "i", CENTRE)


def test_a_damaged_database_is_a_sentence(tmp_path):
    vectors = write(tmp_path / "i", 20)
    library = Library.load(tmp_path / "i", CENTRE)
    (tmp_path / "i" / "tracks.sqlite3").write_bytes(b"nothing of the kind, " * 300)
    with pytest.raises(LibraryError, match="genregenie index"):
        library.nearest(vectors[0])


@pytest.fixture
def music(gtzan, tmp_path):
    folder = tmp_path / "music"
    (folder / "deep" / "er").mkdir(parents=True)
    clips = sorted((gtzan / "audio/full").glob("pop*"))
    shutil.copy(clips[0], folder / "one.flac")
    shutil.copy(clips[1], folder / "deep" / "two ' é.flac")
    (folder / "deep" / "er" / "broken.mp3").write_bytes(b"?")
    (folder / "deep" / "noise.wav").write_bytes(sounds.encode(sounds.noise(3.0)))
    (folder / "notes.txt").write_text("not music")
    return folder


def test_a_folder_is_indexed_and_refreshed(music):
    heard = []
    made = index_folder(music, jobs=1, progress=lambda *step: heard.append(step))
    assert made.path == music / "genregenie-index"
    assert made.tracks == 2
    assert {Path(skip.path).name for skip in made.skipped} == {"broken.mp3", "noise.wav"}
    assert heard[-1][:2] == (4, 4)
    again = index_folder(music, jobs=1)
    assert (again.tracks, again.unchanged) == (2, 2)

    classifier = Classifier.load()
    library = Library.load(made.path, Acoustic(classifier.model.catalogue).centre)
    for entry in library.entries():
        assert library.nearest(classifier.predict(entry.path).vector)[0].path == entry.path
    assert sorted(p.name for p in music.iterdir() if "index" in p.name) == ["genregenie-index"]


def test_real_clips_are_indexed(gtzan, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for clip in sorted((gtzan / "audio/full").glob("reggae*")):
        shutil.copy(clip, folder)
    made = index_folder(folder, tmp_path / "index", jobs=1)
    assert made.tracks == 3
    (folder / "reggae.00000.flac").touch()
    (folder / "reggae.00001.flac").unlink()
    again = index_folder(folder, tmp_path / "index", jobs=1)
    assert (again.tracks, again.unchanged) == (2, 1)


def test_a_file_that_ends_its_process_is_left_out(music, monkeypatch):
    deaths.make_deadly(monkeypatch)
    before = index_folder(music, jobs=1)
    for how in deaths.WAYS:
        (music / f"{how}.wav").write_bytes(deaths.clip(how))
    shutil.copy(music / "one.flac", music / "last.flac")
    made = index_folder(music)
    reasons = {Path(skip.path).stem: skip.reason for skip in made.skipped}
    assert {how: reasons[how] for how in deaths.WAYS} == dict.fromkeys(deaths.WAYS, CRASHED)
    assert made.tracks == before.tracks + 1


def test_what_cannot_be_indexed(tmp_path):
    with pytest.raises(LibraryError, match="There is no folder"):
        index_folder(tmp_path / "missing")
    with pytest.raises(LibraryError, match="no audio files"):
        index_folder(tmp_path)
    (tmp_path / "x.wav").write_bytes(b"?")
    with pytest.raises(LibraryError, match="no music"):
        index_folder(tmp_path, jobs=1)
    (tmp_path / "genregenie-index").mkdir()
    with pytest.raises(LibraryError, match="is not an index"):
        index_folder(tmp_path)
    assert (tmp_path / "genregenie-index").is_dir()
