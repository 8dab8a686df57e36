"""Training on people's own folders says what is known of the artists, and claims no more."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from genregenie.audio import AudioFile
from genregenie.cli.main import main
from genregenie.cli.train import name_of
from genregenie.datasets.folder import read_folder
from genregenie.evaluation.protocols import GROUPED, decisive
from tests import sounds

CLAIM = "artists apart"


def sound(genre: str, seed: int) -> np.ndarray:
    if genre == "chords":
        return sounds.tune(3.0, seed=seed)
    return sounds.tone(3.0, hz=100.0 + 10 * seed, level=0.2) + sounds.noise(3.0, seed=seed)


def write(path: Path, genre: str, seed: int, **tags: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sounds.encode(sound(genre, seed), container="flac", codec="flac", tags=tags))


def train(*arguments: object) -> int:
    usual = ("--candidates", "lda", "--folds", "3", "--seeds", "1", "--jobs", "1")
    return main(["train", *map(str, (*arguments, *usual))])


@pytest.fixture(scope="module")
def untagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GTZAN's layout: two genres of eight files, nothing known of any."""
    folder = tmp_path_factory.mktemp("music") / "my music no.1"
    for genre in ("chords", "drone"):
        for i in range(8):
            write(folder / genre / f"{genre}.{i:05d}.flac", genre, i)
    return folder


def everything_said(folder: Path, out: str) -> dict[str, str]:
    texts = {
        p.name: p.read_text() for p in folder.iterdir() if p.suffix in (".md", ".json", ".csv")
    }
    return texts | {"printed": out}


@pytest.mark.slow
def test_nothing_known_is_nowhere_called_artists_apart(untagged, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("genregenie.common.resources.checkout", lambda: tmp_path)
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")  # there is no network in that checkout
    monkeypatch.chdir(untagged)
    assert train(".") == 0
    folder = tmp_path / "models" / "my music no.1"  # named like what it was trained on
    texts = everything_said(folder, capsys.readouterr().out)
    for name, text in texts.items():
        assert CLAIM not in text.lower(), name
        assert "grouped" not in text, name
    remark = "nothing is known of the artists of 16 of 16 clips, so the same artist may stand on "
    for name in ("printed", "README.md", "model.json"):
        assert remark + "both sides; this flatters" in texts[name], name
    for name in ("printed", "README.md"):
        assert "16 clips, the artist known of none" in texts[name], name
    assert "lda,files," in texts["scores.csv"]
    assert "Winner: lda, accuracy 1.000 with files apart, which flatters" in texts["printed"]
    assert "Tell the artists" in texts["printed"]
    card = json.loads(texts["model.json"])
    assert card["protocol"]["kind"] == "files"
    assert card["trained_on"]["artists"] == {"clips": 16, "artists": 0, "by": {}}
    assert "The genre classifier trained on my music no.1: 16 clips" in texts["README.md"]
    assert "`genregenie train 'my music no.1' --candidates lda`" in texts["README.md"]


def told(untagged: Path, folder: Path, way: str) -> None:
    """The same files with four artists a genre, told in a way."""
    for path in sorted(untagged.rglob("*.flac")):
        genre, i = path.parent.name, int(path.stem[-5:])
        artist = f"{genre} Band No. {i % 4}"
        if way in ("tag", "album"):
            tags = {"tag": {"artist": artist}, "album": {"album_artist": artist}}[way]
            write(folder / genre / path.name, genre, i, **tags)
            continue
        name = (
            f"{artist}/Album/{path.name}" if way == "folder" else f"{i:02d} - {artist} - Song.flac"
        )
        to = folder / genre / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["tag", "album", "folder", "name"])
def test_artists_told_in_any_way_are_kept_apart_and_counted(untagged, tmp_path, way):
    told(untagged, tmp_path, way)
    table, _ = read_folder(tmp_path, jobs=1)
    assert str(table.known()) == f"16 clips, the artist known of 16 (by {way} 16), 8 artists"
    assert set(table.artist_from.tolist()) == {way}
    assert set(Counter(table.artist.tolist()).values()) == {2}
    assert decisive(table) is GROUPED


@pytest.mark.slow
def test_with_known_artists_the_figure_is_called_artists_apart(untagged, tmp_path, capsys):
    told(untagged, tmp_path / "music", "folder")
    assert train(tmp_path / "music", "--output", tmp_path / "model") == 0
    texts = everything_said(tmp_path / "model", capsys.readouterr().out)
    for name in ("printed", "README.md"):
        assert "the artist known of 16 (by folder 16), 8 artists" in texts[name], name
        assert CLAIM in texts[name], name
        assert "files apart" not in texts[name], name


def test_each_clip_keeps_where_its_artist_came_from(tmp_path):
    for i, (path, tags) in enumerate(
        {
            "chords/a.flac": {"artist": "Unknown Artist", "album_artist": "Nina"},
            "chords/b.flac": {"artist": "NINA feat. Ella", "album": "Blue"},
            "chords/c.flac": {"album_artist": "Various Artists", "album": "Now 45"},
            "drone/Sunn/d.flac": {"artist": "Track 01"},
            "drone/Earth - e.flac": {"artist": "Drone"},
            "drone/f.flac": {},
        }.items()
    ):
        write(tmp_path / path, path.split("/")[0], i, **tags)
    table, _ = read_folder(tmp_path, jobs=1)
    found = zip(
        table.track.tolist(), table.artist.tolist(), table.artist_from.tolist(), strict=True
    )
    assert {track: way for track, *way in found} == {
        "chords/a.flac": ["Nina", "album"],
        "chords/b.flac": ["Nina", "tag"],
        "chords/c.flac": ["", "unknown"],
        "drone/Sunn/d.flac": ["Sunn", "folder"],
        "drone/Earth - e.flac": ["Earth", "name"],
        "drone/f.flac": ["", "unknown"],
    }
    assert dict(zip(table.track.tolist(), table.album.tolist(), strict=True))["chords/c.flac"]
    assert str(table.known()) == (
        "6 clips, the artist known of 4 (by tag 1, by name 1, by folder 1, by album 1), 3 artists"
    )


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("flac", "flac"),
        ("mp3", "libmp3lame"),
        ("ipod", "aac"),
        ("ogg", "libopus"),
        ("wav", "pcm_s16le"),
    ],
)
def test_what_the_tags_of_each_format_say_of_the_album(container, codec):
    tags = {"artist": "Ella", "album_artist": "Nina", "album": "Blue"}
    rate = 48_000 if codec == "libopus" else 44_100
    data = sounds.encode(sounds.tone(2.0, rate), rate, container, codec, tags=tags)
    with AudioFile(data) as audio:
        assert (audio.artist, audio.track_artist, audio.album) == ("Ella", "Ella", "Blue")
        assert audio.album_artist == (None if container == "wav" else "Nina")  # INFO has none
    data = sounds.encode(
        sounds.tone(2.0), container="flac", codec="flac", tags={"album_artist": "N"}
    )
    with AudioFile(data) as audio:
        assert (audio.artist, audio.track_artist, audio.album_artist) == ("N", None, "N")


@pytest.mark.parametrize("typed", [".", "./", "..", "../music", "../music/", "rock/..", "whole"])
def test_a_folder_has_its_name_however_it_was_typed(tmp_path, monkeypatch, typed):
    folder = tmp_path / "music"
    (folder / "rock").mkdir(parents=True)
    monkeypatch.chdir(folder / "rock" if typed == ".." else folder)
    assert name_of(folder if typed == "whole" else Path(typed)) == "music"


def test_a_name_is_one_line_of_text_and_never_empty(tmp_path, monkeypatch):
    assert name_of(Path("/"))
    assert name_of(Path("a\nb\udcff.npz")) == "a b .npz"


@pytest.mark.slow
def test_a_genre_by_one_artist_says_where_that_was_read(untagged, tmp_path, capsys):
    for path in untagged.rglob("*.flac"):
        to = tmp_path / path.parent.name / "Nina Simone" / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    assert train(tmp_path, "--output", tmp_path / "model") == 1
    assert "by one artist, Nina Simone, as their folder is called" in capsys.readouterr().err
