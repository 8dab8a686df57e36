"""Playlists, for names of files that make lines and addresses difficult."""

import os
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from genregenie.common.playlists import PlaylistEntry, as_m3u, as_xspf

SPACE = {"x": "http://xspf.org/ns/0/"}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("one.mp3", "one.mp3"),
        ("/music/100% é.mp3", "/music/100% é.mp3"),
        ("two\nlines.mp3", "two%0Alines.mp3"),
        ("#no comment.mp3", "%23no%20comment.mp3"),
        ("/music/back\\slash.mp3", "file:///music/back%5Cslash.mp3"),
        (" space.mp3", "%20space.mp3"),
        (os.fsdecode(b"/m/\xff.mp3"), "file:///m/%FF.mp3"),
    ],
)
def test_a_path_is_found_again(path: str, line: str) -> None:
    entry = PlaylistEntry("A title\nin two lines", "Ada", path=path, duration_s=2.6)
    assert as_m3u([entry]).splitlines() == [
        "#EXTM3U",
        r"#EXTINF:3,Ada - A title\nin two lines",
        line,
    ]
    root = ElementTree.fromstring(as_xspf([entry]))
    location = root.findtext(".//x:location", namespaces=SPACE)
    assert location is not None
    assert unquote(location.removeprefix("file://"), errors="surrogateescape") == path
    assert root.findtext(".//x:duration", namespaces=SPACE) == "2600"


def test_what_has_no_file_is_its_page() -> None:
    entry = PlaylistEntry("One", page="https://example.org/one?a=b&c")
    assert as_m3u([entry]) == "#EXTM3U\n#EXTINF:-1,One\nhttps://example.org/one?a=b&c\n"
    root = ElementTree.fromstring(as_xspf([entry], "Mine"))
    assert root.findtext("x:title", namespaces=SPACE) == "Mine"
    assert root.findtext(".//x:info", namespaces=SPACE) == "https://example.org/one?a=b&c"
    assert root.find(".//x:location", SPACE) is None
    assert root.find(".//x:creator", SPACE) is None
