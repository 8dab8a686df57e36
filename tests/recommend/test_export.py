"""The list in every format, read back."""

import csv
import io
from xml.etree import ElementTree

from genregenie.recommend import export
from genregenie.recommend.acoustic import SimilarTrack
from genregenie.recommend.recommender import (
    OnSpotify,
    Recommendations,
    SoundsLike,
    SpotifyAnswer,
)
from genregenie.spotify.tracks import Track

TRACK = Track("6f807x0ima9a1j3VPbc7VN", '=Song & <b>"x"</b>', ("One", "Two"), "Album", 1999, 61.4)
FOUND = Recommendations(
    (SoundsLike(SimilarTrack("Ärzte, Die", "A\nB", "rock", 0.5)),),
    SpotifyAnswer("ok", "", (OnSpotify(TRACK, "pop"),)),
)
NS = {"x": "http://xspf.org/ns/0/"}


def test_csv():
    rows = list(csv.DictReader(io.StringIO(export.as_csv(FOUND))))
    assert [row["kind"] for row in rows] == ["sounds like", "on Spotify"]
    assert rows[0]["artist"] == "Ärzte, Die"
    assert rows[0]["title"] == "A B"
    assert rows[1]["title"] == "'" + TRACK.title  # no spreadsheet runs it
    assert rows[1]["url"] == TRACK.url


def test_m3u():
    lines = export.as_m3u(FOUND).splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[1] == "#EXTINF:-1,Ärzte, Die - A B"
    assert lines[2].startswith("https://open.spotify.com/search/")
    assert lines[3] == f"#EXTINF:61,One, Two - {TRACK.title}"
    assert lines[4] == TRACK.url


def test_xspf():
    tree = ElementTree.fromstring(export.as_xspf(FOUND))
    first, second = tree.findall("x:trackList/x:track", NS)
    assert first.findtext("x:title", namespaces=NS) == "A B"
    assert first.find("x:identifier", NS) is None
    assert second.findtext("x:title", namespaces=NS) == TRACK.title
    assert second.findtext("x:identifier", namespaces=NS) == f"spotify:track:{TRACK.id}"
    assert second.findtext("x:duration", namespaces=NS) == "61400"
    assert second.findtext("x:info", namespaces=NS) == TRACK.url


def test_text():
    assert export.as_text(FOUND) == f"Ärzte, Die - A B\nOne, Two - {TRACK.title}\n"


def test_nothing_to_export():
    empty = Recommendations((), SpotifyAnswer("offline", ""))
    assert export.as_text(empty) == ""
    assert export.as_m3u(empty) == "#EXTM3U\n"
    assert len(export.as_csv(empty).splitlines()) == 1
    ElementTree.fromstring(export.as_xspf(empty))
