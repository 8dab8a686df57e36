"""The map of a library: where songs lie, and the page as it is written."""

import base64
import hashlib
import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from genregenie.inference.classifier import Classifier
from genregenie.model.likeness import unit
from genregenie.recommend import library_map
from genregenie.recommend.library_map import (
    MapError,
    Served,
    Sheet,
    places,
    records,
    root_of,
    write_map,
)
from genregenie.recommend.songs import Songs
from tests.recommend.conftest import make_songs

MODEL = Classifier.load().model
HOSTILE = (
    "</script><script>parent.broken=1</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\u2028'\"&amp;\\u003c",
    "line\nbreak\x1b[31m",
)


def library(count: int, seed: int = 0) -> Songs:
    """Songs that sound like reference tracks, more or less."""
    songs = make_songs(count, seed)
    rng = np.random.default_rng(seed)
    tracks = MODEL.catalogue.directions[rng.integers(len(MODEL.catalogue.genre), size=count)]
    noise = 0.03 * rng.normal(size=tracks.shape)
    return Songs(songs.entries, unit(tracks + noise), songs.autotags)


def page(songs: Songs, model, root: str) -> str:
    return Sheet(songs, model, root).html()


def content_of(html: str) -> dict:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    return json.loads(data)


def test_a_reference_track_lies_where_it_lies_on_the_models_map():
    songs = Songs(make_songs(50).entries, MODEL.catalogue.directions[:50], make_songs(50).autotags)
    assert places(songs, MODEL) == pytest.approx(MODEL.map.positions[:50], abs=0.005)


def test_a_new_song_moves_no_other_one():
    songs = library(300)
    few = Songs(songs.entries[:200], songs.directions[:200], songs.autotags[:200])
    assert np.allclose(places(few, MODEL), places(songs, MODEL)[:200], rtol=0, atol=1e-9)


def test_places_stay_the_same_from_release_to_release():
    """These were computed once and written down; a training that draws another map changes them."""
    tracks = MODEL.catalogue.directions[[0, 150, 300, 450, 600]]
    between = unit(tracks[:-1] + tracks[1:])
    songs = Songs(make_songs(4).entries, between, make_songs(4).autotags)
    assert places(songs, MODEL).round(3).tolist() == [
        [0.538, 0.654],
        [0.278, 0.399],
        [0.347, 0.176],
        [0.412, 0.197],
    ]


def test_the_same_library_gives_the_same_page():
    assert page(library(100), MODEL, "/music") == page(library(100), MODEL, "/music")


def test_what_the_page_holds():
    songs = library(100)
    content = content_of(page(songs, MODEL, "/music"))
    held = content["songs"]
    assert {len(column) for column in held.values()} == {100}
    assert content["folder"] == "music"
    assert held["path"][8] == "1/8.mp3"
    for row, entry in enumerate(songs.entries):
        at = content["genres"][held["genre"][row]]["name"].lower().replace("-", "")
        assert at == entry.genre
        assert held["sure"][row] == entry.is_sure
        assert [content["words"][word] for word in held["heard"][row]] == list(songs.heard(row))
    assert len(content["ground"]["x"]) == len(MODEL.catalogue.genre)
    assert len(content["names"]) == len(set(MODEL.catalogue.genre.tolist()))
    assert records(songs, MODEL)[8]["x"] == held["x"][8]


def test_no_tag_gets_out_of_the_data():
    songs = library(len(HOSTILE))
    entries = [
        replace(entry, title=text, artist=text, path=f"/music/{text}.mp3")
        for entry, text in zip(songs.entries, HOSTILE, strict=True)
    ]
    html = page(Songs(entries, songs.directions, songs.autotags), MODEL, f"/{HOSTILE[2]}")
    assert html.count("<script") == 3
    assert "<img" not in html
    assert "<!--" not in html
    assert html.isascii() or not re.search("[\u2028\u2029]", html)
    held = content_of(html)["songs"]
    assert held["title"][0] == HOSTILE[0]
    assert held["title"][4] == r"line\nbreak\x1b[31m"


def test_the_page_asks_nobody():
    html = page(library(3), MODEL, "/music")
    assert "default-src 'none'" in html
    outside = set(re.findall(r"https?://[^\"'\s<]+", html))
    assert outside == {"http://xspf.org/ns/0/"}, "the name of XSPF, which nobody looks up"
    assert not re.search(r"\b(src|href)=", html)


SERVED = Served("app/", "e1", "t0ken", "library/playlist", "library/smooth", 500)


@pytest.mark.parametrize("server", [None, SERVED, replace(SERVED, sounds="s/", covers="c/")])
def test_nothing_runs_but_what_the_page_names(server):
    html = Sheet(library(3), MODEL, "/music").html(server)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    parts = dict(part.split(" ", 1) for part in policy.split("; "))

    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    assert parts["script-src"] == " ".join(map(named, scripts))
    assert parts["style-src"] == named(*re.findall(r"<style>(.*?)</style>", html, re.S))
    asked = {"connect-src", "img-src", "media-src"}
    assert parts.keys() & asked == (asked if server else set())
    assert all(parts[kind] == "'self'" for kind in parts.keys() & asked)


def test_what_a_server_adds():
    sheet = Sheet(library(3), MODEL, "/music")
    whole = replace(SERVED, spotify="library/spotify", sounds="s/", covers="c/")
    for server, there in ((None, []), (SERVED, ["smooth"]), (whole, ["play", "smooth", "spotify"])):
        html = sheet.html(server)
        assert [
            i for i in ("play", "smooth", "spotify") if f'<button type="button" id="{i}"' in html
        ] == there
        told = re.findall(r'<script type="application/json" id="server">(.*?)</script>', html)
        assert [json.loads(text) for text in told] == ([asdict(server)] if server else [])
        assert html.startswith("<!doctype html>")
    assert "Playlist like this one" in html
    assert "Nearest on the map" in sheet.html()


def test_where_songs_lie(tmp_path):
    songs = library(3)
    index = tmp_path / "music" / "genregenie-index"
    inside = [replace(e, path=str(tmp_path / "music" / "a" / e.path[1:])) for e in songs.entries]
    assert root_of(inside, index) == str(tmp_path / "music")
    assert root_of(inside, tmp_path / "elsewhere" / "index") == str(tmp_path / "music/a/music")


def test_only_a_map_is_replaced(tmp_path):
    file = tmp_path / "map.html"
    write_map(file, library(3), MODEL, "/music")
    write_map(file, library(4), MODEL, "/music")
    assert len(content_of(file.read_text(encoding="utf-8"))["songs"]["x"]) == 4
    file.write_text("<h1>My diary</h1>")
    with pytest.raises(MapError, match="is no map"):
        write_map(file, library(3), MODEL, "/music")
    assert file.read_text() == "<h1>My diary</h1>"


def test_a_model_without_a_map_is_a_sentence():
    with pytest.raises(MapError, match=r"draw_map\.py"):
        places(library(3), replace(MODEL, map=None))


def test_many_songs_are_placed_as_few_are(monkeypatch):
    songs = library(50)
    at_once = places(songs, MODEL)
    monkeypatch.setattr(library_map, "_BATCH", 7)
    assert np.allclose(places(songs, MODEL), at_once, atol=1e-9, rtol=0)
