"""Libraries for a server, and what the page of their map sends."""

import json
import re
from dataclasses import replace
from pathlib import Path

import httpx

from genregenie.recommend.songs import Songs
from genregenie.recommend.writing import write_library
from tests.recommend.test_library_map import MODEL
from tests.web.servers import Browser

COUNT = 40


def write(folder: Path, songs: Songs) -> Path:
    """An index of these songs, whose files are there."""
    music = folder / "music"
    entries = [replace(e, path=str(music / e.path.lstrip("/"))) for e in songs.entries]
    for entry in entries:
        Path(entry.path).parent.mkdir(parents=True, exist_ok=True)
        Path(entry.path).touch()
    index = music / "genregenie-index"
    index.mkdir(exist_ok=True)
    write_library(index, entries, songs.directions, songs.autotags, MODEL.catalogue.likeness)
    return index


def server_of(html: str) -> dict[str, str]:
    """What a page was told of its server."""
    (told,) = re.findall(r'id="server">(.*?)</script>', html)
    found: dict[str, str] = json.loads(told)
    return found


def send(browser: Browser, address: str, **fields: object) -> httpx.Response:
    """Send what the page's script does."""
    server = server_of(browser.show("/library").text)
    body = {"token": server["token"], "edition": server["edition"], **fields}
    return browser.post(
        address, data=body, headers={"sec-fetch-site": "same-origin", "sec-fetch-dest": "empty"}
    )
