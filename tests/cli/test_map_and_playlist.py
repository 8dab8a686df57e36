"""``genregenie map`` and ``genregenie playlist`` on one's own files."""

import json
import os
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mutagen.id3 import ID3, TDOR, TDRC

from genregenie.cli.main import main
from tests.tagging.conftest import EXAMPLES

NAMES = ("classical", "jazz", "metal", "reggae")


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    """A library with its index; jazz is there twice."""
    folder = tmp_path_factory.mktemp("library") / "music"
    (folder / "deep").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(EXAMPLES / f"{name}.mp3", folder / "deep")
    shutil.copy(EXAMPLES / "jazz.mp3", folder / "again.mp3")
    tags = ID3(folder / "deep/reggae.mp3")
    tags.add(TDRC(text="2011-05-03"))
    tags.add(TDOR(text="1975"))
    tags.save()
    assert main(["index", str(folder), "--jobs", "1", "--quiet"]) == 0
    return folder


@pytest.fixture(autouse=True)
def with_the_network(monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "all")


pytestmark = pytest.mark.slow


def files_of(m3u: Path) -> list[Path]:
    lines = m3u.read_text(encoding="utf-8").splitlines()
    return [m3u.parent / line for line in lines if not line.startswith("#")]


def test_a_map_of_the_library_one_stands_in(music, run, monkeypatch, tmp_path):
    monkeypatch.chdir(music / "deep")
    status, out, err = run("map", "--output", tmp_path / "map.html")
    assert (status, err) == (0, "")
    assert out == f"5 songs on {tmp_path / 'map.html'}\n"
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "<title>Map of music</title>" in html
    assert str(music.parent) not in html, "where one's files lie is nobody's business"


def test_a_map_for_programs(music, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("map", "--index", music, "--json")
    rows = {Path(row["path"]).name: row for row in json.loads(out)}
    assert status == 0
    assert rows.keys() == {*(f"{name}.mp3" for name in NAMES), "again.mp3"}
    assert all(0 <= row["x"] <= 1 and 0 <= row["y"] <= 1 for row in rows.values())
    assert [rows["jazz.mp3"][at] == rows["again.mp3"][at] for at in "xy"] == [True, True]
    assert list(tmp_path.iterdir()) == [], "with --json nothing is written that nobody asked for"


def test_a_map_needs_an_index_and_replaces_nothing_else(music, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, _, err = run("map")
    assert status == 1
    assert "genregenie index FOLDER" in err
    (tmp_path / "map.html").write_text("mine")
    status, _, err = run("map", "--index", music / "genregenie-index")
    assert status == 1
    assert "is no map" in err
    assert (tmp_path / "map.html").read_text() == "mine"


def test_a_playlist_like_a_song_leads_to_its_files(music, run, tmp_path):
    playlist = tmp_path / "like.m3u8"
    song = music / "deep/reggae.mp3"
    status, out, err = run("playlist", "--like", song, "--length", "5m", "--output", playlist)
    assert status == 0
    assert "No more fits" in err
    assert out.endswith(f"Written to {playlist}\n")
    found = files_of(playlist)
    assert found
    assert all(file.is_file() for file in found)
    assert song not in [Path(os.path.normpath(file)) for file in found]
    assert len({file.read_bytes() for file in found}) == len(found), "jazz comes once"
    again = tmp_path / "again.m3u8"
    run("playlist", "--like", song, "--length", "5m", "--output", again)
    assert again.read_text() == playlist.read_text()


def test_a_playlist_of_a_genre(music, run, tmp_path):
    status, out, _ = run(
        "playlist", "--index", music, "--genre", "Jazz", "--json", "--length", "20s"
    )
    answer = json.loads(out)
    assert status == 0
    assert [song["genre"] for song in answer["songs"]] == ["jazz"]
    assert answer["length_s"] == pytest.approx(answer["songs"][0]["duration_s"])
    xspf = tmp_path / "x.xspf"
    words = ("--genre", "jazz,metal,classical,reggae", "--smooth")
    status, out, _ = run("playlist", "--index", music, *words, "--length", "2m", "--output", xspf)
    assert status == 0
    tracks = ElementTree.parse(xspf).iter("{http://xspf.org/ns/0/}location")
    assert all((tmp_path / track.text).is_file() for track in tracks)


def test_an_era_is_that_of_the_year_in_the_tags(music, run):
    of_a_decade = ("playlist", "--index", music, "--length", "5m", "--json", "--era")
    songs = json.loads(run(*of_a_decade, "70s")[1])["songs"]
    assert ("reggae.mp3", 1975) in [(Path(song["path"]).name, song["year"]) for song in songs]
    assert all(song["year"] == 1975 or "70s" in song["heard"] for song in songs)
    status, _, err = run(*of_a_decade, "10s")  # of the release on which it is again
    assert (status, "None of the 5 songs is 10s." in err) == (1, True)


def test_what_is_not_there_is_a_sentence(music, run):
    for words, said in (
        (("--tempo", "20-21"), "None of the 5 songs is of 20 to 21 beats a minute."),
        (("--mood", "purple"), "'purple' is no mood that is known here."),
        (("--length", "3s"), "No song that would fit is as short as 0:03; the shortest takes"),
        (("--but", "calmer"), "give that with --like FILE"),
        (("--like", music / "gone.mp3"), "There is no file with this name."),
    ):
        status, out, err = run("playlist", "--index", music, *words)
        assert (status, out) == (1, "")
        assert said in err


def test_an_old_index_is_made_anew_on_its_first_use(music, run, tmp_path):
    old = tmp_path / "index"
    shutil.copytree(music / "genregenie-index", old)
    header = json.loads((old / "library.json").read_text())
    (old / "library.json").write_text(json.dumps(header | {"format": 2}))
    status, _, err = run("playlist", "--index", old, "--length", "1m")
    assert status == 0
    assert "Its 5 files are listened to again." in err
    assert "listened to again" not in run("playlist", "--index", old, "--length", "1m")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--length", "60"), "'60' is not a length such as 60m or 1h30m"),
        (("--length", "0m"), "is not a length"),
        (("--length", "25h"), "25h is more than 24 hours"),
        (("--tempo", "110-80"), "is not a range of tempi such as 80-110"),
        (("--tempo", "fast"), "is not a range"),
        (("--genre", " , "), "name one at least"),
        (("--output", "list.txt"), "'list.txt' ends with none of .m3u8, .m3u, .xspf"),
    ],
)
def test_wrong_words_are_wrong_use(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        main(["playlist", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60m", 3600), ("1h30m", 5400), ("2H", 7200), ("90s", 90), ("45min", 2700)],
)
def test_lengths(text, seconds):
    from genregenie.cli.arguments import length_s

    assert length_s(text) == seconds
