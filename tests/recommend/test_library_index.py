"""An index of one's own music: built, searched, refreshed, and refused when it does not fit."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from genregenie.audio.parallel import CRASHED
from genregenie.autotag.qualities import GAIN_WEIGHT, Change
from genregenie.autotag.vocabulary import TAGS, probabilities_of
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.inference.classifier import Classifier
from genregenie.model.likeness import Likeness, unit
from genregenie.recommend import indexing, writing
from genregenie.recommend import library_index as module
from genregenie.recommend.acoustic import direction_of
from genregenie.recommend.indexing import index_folder, renew
from genregenie.recommend.library_index import (
    Entry,
    Library,
    LibraryError,
    fingerprint,
    indexed_paths,
)
from genregenie.recommend.writing import write_library
from tests import deaths, sounds
from tests.recommend.conftest import UNHEARD, make_axes, make_tags

NEW_COLUMNS = ("is_sure", "confidence", "duration_s", "tempo_bpm", "musical_key", "year")
LIKENESS = Likeness(np.zeros(VECTOR_WIDTH), make_axes())


def write(folder, count, seed=0):
    """Write an index; the directions of its tracks."""
    rng = np.random.default_rng(seed)
    tags = rng.uniform(size=(count, TAGS))
    directions = LIKENESS.directions(rng.normal(size=(count, VECTOR_WIDTH)), tags)
    entries = [Entry(f"/m/{i}.mp3", f"artist {i}", f"song {i}", "rock", 1, 2) for i in range(count)]
    folder.mkdir()
    write_library(folder, entries, directions, tags, LIKENESS)
    return directions


def test_the_nearest_of_a_small_library(tmp_path):
    directions = write(tmp_path / "i", 200)
    library = Library.load(tmp_path / "i", LIKENESS)
    assert len(library) == 200
    found = library.nearest(directions[42], 5)
    assert found[0].path == "/m/42.mp3"
    assert found[0].alike == pytest.approx(1.0, abs=1e-5)
    assert len(found) == 5
    assert library.nearest(np.empty(0, dtype=np.float32)) == []


@pytest.mark.slow
def test_a_big_library_finds_the_same(tmp_path, monkeypatch):
    for part in (module, writing):
        monkeypatch.setattr(part, "EXACT_ROWS", 10**9)
    directions = write(tmp_path / "small", 5000)
    exact = Library.load(tmp_path / "small", LIKENESS)
    for part in (module, writing):
        monkeypatch.setattr(part, "EXACT_ROWS", 1000)
    write(tmp_path / "big", 5000)
    quick = Library.load(tmp_path / "big", LIKENESS)
    assert (tmp_path / "big" / module.FAISS).exists()
    assert not (tmp_path / "small" / module.FAISS).exists()
    agreed = []
    for direction in unit(directions[:50] + 0.3 * directions[50:100]):
        a, b = exact.nearest(direction, 10), quick.nearest(direction, 10)
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
        (lambda folder: (folder / "autotags.npy").unlink(), "There is no index"),
        (lambda folder: np.save(folder / "autotags.npy", np.zeros((20, 3))), "do not fit together"),
        (lambda folder: (folder / "tracks.sqlite3").unlink(), "do not fit together"),
        (
            lambda folder: (folder / "library.json").write_text(
                json.dumps({"format": 1, "tracks": 20, "model": "another"})
            ),
            "another model",
        ),
        (
            lambda folder: (folder / "library.json").write_text(
                json.dumps(
                    {"format": module.FORMAT + 1, "tracks": 20, "model": fingerprint(LIKENESS)}
                )
            ),
            "another model or version",
        ),
    ],
)
def test_an_index_that_cannot_be_used(tmp_path, spoil, words):
    write(tmp_path / "i", 20)
    spoil(tmp_path / "i")
    with pytest.raises(LibraryError, match=words):
        Library.load(tmp_path / "i", LIKENESS)


def test_a_damaged_database_is_a_sentence(tmp_path):
    directions = write(tmp_path / "i", 20)
    library = Library.load(tmp_path / "i", LIKENESS)
    (tmp_path / "i" / "tracks.sqlite3").write_bytes(b"nothing of the kind, " * 300)
    with pytest.raises(LibraryError, match="genregenie index"):
        library.nearest(directions[0])


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


def test_files_that_are_calmer(tmp_path):
    directions = write(tmp_path / "i", 200)
    library = Library.load(tmp_path / "i", LIKENESS)
    tags = np.asarray(library.autotags, dtype=np.float64)
    change = Change.of(["calmer"], tags[42])
    found = library.nearest(directions[42], 200, change)
    rows = [int(Path(track.path).stem) for track in found]
    gains = change.gains(tags)
    assert rows
    assert set(rows) == set(np.flatnonzero(~np.isnan(gains)).tolist())
    fit = (library.directions @ directions[42])[rows] + GAIN_WEIGHT * gains[rows]
    assert fit.tolist() == sorted(fit.tolist(), reverse=True)


def test_files_that_were_not_heard_are_not_called_calm(tmp_path):
    entries = [Entry("/m/1.mp3", "artist", "song", "rock", 1, 2)]
    directions = LIKENESS.directions(np.ones((1, VECTOR_WIDTH)), UNHEARD[None])
    (tmp_path / "i").mkdir()
    write_library(tmp_path / "i", entries, directions, UNHEARD[None], LIKENESS)
    library = Library.load(tmp_path / "i", LIKENESS)
    assert library.nearest(directions[0])[0].character == ()
    with pytest.raises(LibraryError, match="calmer is told by the network"):
        library.nearest(directions[0], change=Change.of(["calmer"], make_tags()))


def test_moods_of_files_by_their_key(tmp_path):
    entries = [
        Entry("/m/1.mp3", "The One", "Song", "rock", 1, 2),
        Entry("/m/2.mp3", "Two", "Song", "rock", 1, 2),
    ]
    tags = np.array([make_tags(Mellow=0.2), UNHEARD])
    directions = LIKENESS.directions(np.eye(2, VECTOR_WIDTH), tags)
    (tmp_path / "i").mkdir()
    write_library(tmp_path / "i", entries, directions, tags, LIKENESS)
    library = Library.load(tmp_path / "i", LIKENESS)
    first, second = library.nearest(directions[0])
    assert (first.character, second.character) == (("Mellow",), ())
    keys = [second.key, first.key, "x'); DROP TABLE tracks;--"]
    assert library.characters(keys) == {first.key: ("Mellow",)}
    assert library.characters([]) == {}


def as_an_earlier_release_wrote_it(index):
    """Format 1: directions of timbre alone, no tags, no keys."""
    header = json.loads((index / "library.json").read_text())
    likeness = Likeness(Classifier.load().model.catalogue.likeness.centre)
    header |= {"format": 1, "model": fingerprint(likeness)}
    (index / "library.json").write_text(json.dumps(header))
    np.save(index / "vectors.npy", unit(np.load(index / "vectors.npy")[:, :VECTOR_WIDTH]))
    (index / "autotags.npy").unlink()
    with sqlite3.connect(index / "tracks.sqlite3") as connection:
        connection.execute("DROP INDEX keys")
        for column in ("key", *NEW_COLUMNS):
            connection.execute(f"ALTER TABLE tracks DROP COLUMN {column}")
    connection.close()


def as_format_2(index):
    """The index as it was before length, tempo and key."""
    header = json.loads((index / "library.json").read_text())
    (index / "library.json").write_text(json.dumps(header | {"format": 2}))
    with sqlite3.connect(index / "tracks.sqlite3") as connection:
        for column in NEW_COLUMNS:
            connection.execute(f"ALTER TABLE tracks DROP COLUMN {column}")
    connection.close()


def as_another_model_wrote_it(index):
    header = json.loads((index / "library.json").read_text())
    (index / "library.json").write_text(json.dumps(header | {"model": "another"}))


@pytest.mark.parametrize(
    "spoil", [as_an_earlier_release_wrote_it, as_format_2, as_another_model_wrote_it]
)
def test_an_old_index_is_made_anew_with_a_word(music, spoil):
    made = index_folder(music, jobs=1)
    assert renew(made.path) is None
    spoil(made.path)
    (music / "deep" / "two ' é.flac").unlink()
    said, heard = [], []
    renewed = renew(made.path, 1, lambda *step: heard.append(step), said.append)
    assert (renewed.tracks, renewed.unchanged, renewed.skipped) == (1, 0, ())
    assert said == [
        f"The index in {made.path} is of another model or an earlier release. "
        "Its 1 files are listened to again."
    ]
    assert heard == [(1, 1, "one.flac")]
    assert renew(made.path) is None
    assert index_folder(music, jobs=1).unchanged == 1


def test_an_old_index_whose_files_are_gone_is_a_sentence(music):
    made = index_folder(music, jobs=1)
    as_another_model_wrote_it(made.path)
    (music / "deep" / "two ' é.flac").unlink()
    (music / "one.flac").unlink()
    with pytest.raises(LibraryError, match="holds no music"):
        renew(made.path, 1)
    with pytest.raises(LibraryError, match="another model"):
        Library.load(made.path, Classifier.load().model.catalogue.likeness)


def test_an_index_of_an_earlier_release_is_still_searched(music):
    made = index_folder(music, jobs=1)
    classifier = Classifier.load()
    likeness = classifier.model.catalogue.likeness
    as_an_earlier_release_wrote_it(made.path)
    library = Library.load(made.path, likeness)
    prediction = classifier.predict(music / "one.flac")
    direction = direction_of(prediction, likeness)
    nearest = library.nearest(direction)[0]
    assert (Path(nearest.path).name, nearest.is_clip, nearest.character) == ("one.flac", True, ())
    assert nearest.alike == pytest.approx(1.0, abs=1e-5)
    assert library.characters([nearest.key]) == {}
    change = Change.of(["older"], probabilities_of(prediction.autotags))
    with pytest.raises(LibraryError, match="older is told by the network"):
        library.nearest(direction, change=change)


def test_an_index_of_format_2_is_searched_and_heard_again_by_index(music):
    made = index_folder(music, jobs=1)
    classifier = Classifier.load()
    likeness = classifier.model.catalogue.likeness
    new = Library.load(made.path, likeness)
    prediction = classifier.predict(music / "one.flac")
    entries = new.entries()
    first = next(entry for entry in entries if entry.path.endswith("one.flac"))
    assert first.duration_s == pytest.approx(prediction.duration_s)
    assert (first.is_sure, first.confidence) == (
        prediction.verdict == "confident",
        prediction.confidence,
    )
    assert first.tempo_bpm == (prediction.tempo_bpm if prediction.is_tempo_sure else None)
    assert first.musical_key == (prediction.key if prediction.is_key_sure else None)
    direction = direction_of(prediction, likeness)
    found = new.nearest(direction)
    as_format_2(made.path)
    old = Library.load(made.path, likeness)
    assert (new.is_current, old.is_current) == (True, False)
    assert old.nearest(direction) == found
    assert {entry.duration_s for entry in old.entries()} == {0.0}
    assert index_folder(music, jobs=1).unchanged == 0
    assert Library.load(made.path, likeness).entries() == entries


def test_what_was_heard_without_the_network_is_heard_again_with_it(music, monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    made = index_folder(music, jobs=1)
    likeness = Classifier.load().model.catalogue.likeness
    assert np.isnan(Library.load(made.path, likeness).autotags).all()
    assert index_folder(music, jobs=1).unchanged == made.tracks
    monkeypatch.setenv("GENREGENIE_HEARING", "all")
    again = index_folder(music, jobs=1)
    assert again.unchanged == 0
    assert np.isfinite(Library.load(made.path, likeness).autotags).all()
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    assert index_folder(music, jobs=1).unchanged == again.tracks, "more is known than asked for"


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
    likeness = classifier.model.catalogue.likeness
    library = Library.load(made.path, likeness)
    for entry in library.entries():
        direction = direction_of(classifier.predict(entry.path), likeness)
        assert library.nearest(direction)[0].path == entry.path
    assert sorted(p.name for p in music.iterdir() if "index" in p.name) == [
        ".genregenie-index.lock",
        "genregenie-index",
    ]


@pytest.mark.parametrize(("cut", "kept_every"), [(KeyboardInterrupt, 500), (MemoryError, 1)])
def test_what_was_heard_is_kept_when_it_is_cut_off(music, monkeypatch, cut, kept_every):
    monkeypatch.setattr(indexing, "KEPT_EVERY", kept_every)
    before, heard = [], []

    def stop(done, total, name):
        before.append(name)
        if len(before) == total:
            raise cut

    with pytest.raises(cut):
        index_folder(music, jobs=1, progress=stop)
    likeness = Classifier.load().model.catalogue.likeness
    kept = len(Library.load(music / "genregenie-index", likeness))
    made = index_folder(music, jobs=1, progress=lambda done, total, name: heard.append(name))
    assert (made.tracks, made.unchanged) == (2, kept)
    assert kept >= 1
    assert len(heard) == 4 - kept


def test_an_index_that_alone_knows_its_files_is_not_made_in_parts(music, monkeypatch):
    monkeypatch.setattr(indexing, "KEPT_EVERY", 1)
    made = index_folder(music, jobs=1)
    as_another_model_wrote_it(made.path)

    def stop(done, total, name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renew(made.path, 1, stop)
    assert (made.path.parent / ".genregenie-index.heard").is_dir()
    again = renew(made.path, 1)
    assert (again.tracks, again.unchanged) == (2, 1), "what was heard is not heard again"
    assert not (made.path.parent / ".genregenie-index.heard").exists()


def test_names_of_any_bytes_are_known_again_and_led_to(gtzan, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    clip = next((gtzan / "audio/full").glob("pop*"))
    odd = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.flac")
    literal = folder / "caf\\udce8.flac"
    for name in (odd, literal):
        shutil.copy(clip, name)
    made = index_folder(folder, jobs=1)
    assert index_folder(folder, jobs=1).unchanged == 2
    assert set(indexed_paths(made.path)) == {Path(odd), literal}
    entries = Library.load(made.path, Classifier.load().model.catalogue.likeness).entries()
    assert {entry.file for entry in entries} == {odd, str(literal)}
    assert all(entry.path.isprintable() for entry in entries)


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


@pytest.mark.slow
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
