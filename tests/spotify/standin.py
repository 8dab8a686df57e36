"""A stand-in for Spotify's accounts service and Web API, over real HTTP on loopback.

It keeps Spotify's rules (tokens, limit at most 10, offset at most 1000, a soft genre filter,
markets, no deprecated fields), serves the tracks of a published table, and checks every request
and every answer against the OpenAPI description. It can be told to fail.
"""

import base64
import csv
import hashlib
import json
import math
import re
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import yaml
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

CLIENT_ID = "an-app"
CLIENT_SECRET = "a-secret-nobody-may-see"
REDIRECT_URI = "http://127.0.0.1:9/spotify/callback"  # where nobody listens

_FILTER = re.compile(r'(genre|artist|track|year):("[^"]*"|\S+)')
_GENRES = {"hip hop": "rap", "rap": "rap", "rock": "rock", "pop": "pop", "latin": "latin"}


@dataclass(frozen=True)
class Song:
    id: str
    name: str
    artist: str
    duration_ms: int
    genres: frozenset[str]
    words: str

    @cached_property
    def mark(self) -> int:
        """A number that looks drawn by chance, for all that the table does not tell."""
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16)

    @cached_property
    def year(self) -> int:
        return 1960 + self.mark % 61


@dataclass
class Failure:
    """How to fail: a status with its headers and body, or one of the other ways."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "answer"  # or "hang", "drip", "drop"
    times: float = math.inf  # how often, before all is well again


def error(status: int, message: str = "failed as told", **headers: str) -> Failure:
    body = json.dumps({"error": {"status": status, "message": message}}).encode()
    return Failure(status, body, {k.replace("_", "-"): v for k, v in headers.items()})


@cache
def songs(path: Path) -> tuple[Song, ...]:
    found: dict[str, Song] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["track_id"] not in found and row["track_name"] and row["track_artist"]:
                found[row["track_id"]] = Song(
                    row["track_id"],
                    row["track_name"],
                    row["track_artist"],
                    int(row["duration_ms"]),
                    frozenset((row["playlist_genre"], row["playlist_subgenre"])),
                    f"{row['track_name']} {row['track_artist']}".casefold(),
                )
    # The table is sorted by playlist; a search mixes artists.
    return tuple(sorted(found.values(), key=lambda song: song.mark))


@cache
def description(path: Path) -> OpenAPI:
    """The OpenAPI description; what is deprecated is no longer required, since it is not sent."""
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    for operations in spec["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)  # tokens are this module's own business
    for schema in _schemas(spec):
        deprecated = {k for k, v in schema["properties"].items() if v.get("deprecated")}
        schema["required"] = [name for name in schema["required"] if name not in deprecated]
        if not schema["required"]:
            del schema["required"]  # an empty list is not allowed
    return OpenAPI.from_dict(spec)


def _schemas(node):
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and isinstance(node.get("required"), list):
            yield node
        for child in node.values():
            yield from _schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from _schemas(child)


class Spotify:
    """The stand-in; use it as a context manager."""

    def __init__(self, data: Path) -> None:
        self.songs = songs(data / "tracks.csv")
        self.openapi = description(data / "openapi.yml")
        self.requests: Counter[str] = Counter()
        self.queries: list[dict[str, str]] = []
        self.invalid: list[str] = []
        self.tokens: dict[str, str] = {}  # token to scope
        self.secrets: set[str] = {CLIENT_SECRET}
        self.playlists: dict[str, dict] = {}
        self.token_failure: Failure | None = None
        self.api_failure: Failure | None = None
        self.token_delay_s = 0.0
        self.redirect_uri = REDIRECT_URI
        self.change_page = lambda page: page
        self.stopped = threading.Event()
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: dict[str, str] = {}
        self._lock = threading.Lock()
        standin = self

        class Handler(_Handler):
            spotify = standin

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> "Spotify":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What makes GenreGenie talk to this instead of Spotify."""
        return {
            "SPOTIPY_CLIENT_ID": CLIENT_ID,
            "SPOTIPY_CLIENT_SECRET": CLIENT_SECRET,
            "GENREGENIE_MARKET": "GB",
            "GENREGENIE_SPOTIFY_API": self.address,
            "GENREGENIE_SPOTIFY_ACCOUNTS": self.address,
        }

    # --- accounts ---

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict]:
        if form.get("grant_type") == "client_credentials":
            wanted = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            self.secrets.add(wanted)
            if authorization != f"Basic {wanted}":
                return 400, {
                    "error": "invalid_client",
                    "error_description": "Invalid client secret",
                }
            return 200, self._new_token("", refresh=False)
        if form.get("client_id") != CLIENT_ID:
            return 400, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            asked = self._codes.pop(form.get("code", ""), None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            self.secrets.add(form.get("code_verifier", "-"))
            if (
                asked is None
                or asked["code_challenge"] != challenge
                or asked["redirect_uri"] != form.get("redirect_uri")
            ):
                return 400, {"error": "invalid_grant"}
            return 200, self._new_token(asked["scope"], refresh=True)
        if form.get("grant_type") == "refresh_token":
            scope = self._refresh.pop(form.get("refresh_token", ""), None)
            if scope is None:
                return 400, {"error": "invalid_grant"}
            return 200, self._new_token(scope, refresh=True)
        return 400, {"error": "unsupported_grant_type"}

    def _new_token(self, scope: str, *, refresh: bool) -> dict:
        token = secrets.token_urlsafe(32)
        self.tokens[token] = scope
        self.secrets.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if refresh:
            again = secrets.token_urlsafe(32)
            self._refresh[again] = scope
            self.secrets.add(again)
            answer |= {"refresh_token": again, "scope": scope}
        return answer

    def authorize(self, asked: dict[str, str]) -> tuple[int, str]:
        """Say yes for the person, or refuse what Spotify would refuse."""
        right = (
            asked.get("client_id") == CLIENT_ID
            and asked.get("response_type") == "code"
            and asked.get("code_challenge_method") == "S256"
            and asked.get("redirect_uri") == self.redirect_uri
        )
        if not right:
            return 400, ""
        code = secrets.token_urlsafe(24)
        self.secrets.add(code)
        self._codes[code] = asked
        return 302, f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}"

    # --- Web API ---

    def api(
        self, method: str, path: str, query: dict[str, str], body: object, authorization: str
    ) -> tuple[int, dict]:
        scope = self.tokens.get(authorization.removeprefix("Bearer "))
        if scope is None:
            return 401, _error(401, "The access token expired")
        if (method, path) == ("GET", "/v1/search"):
            return self._search(query)
        if (method, path) == ("POST", "/v1/me/playlists"):
            return self._create_playlist(scope, body)
        match = re.fullmatch(r"/v1/playlists/(\w+)/items", path)
        if method == "POST" and match and match[1] in self.playlists:
            # The description wants {"uris": [...]}; Spotify also takes the bare list of spotipy.
            uris = body["uris"] if isinstance(body, dict) else body
            if "playlist-modify-private" not in scope or not 0 < len(uris) <= 100:
                return 403, _error(403, "Insufficient client scope")
            self.playlists[match[1]]["uris"] += uris
            return 201, {"snapshot_id": "abc"}
        return 404, _error(404, "Not found")

    def _create_playlist(self, scope: str, body: dict) -> tuple[int, dict]:
        if "playlist-modify-private" not in scope:
            return 403, _error(403, "Insufficient client scope")
        playlist_id = secrets.token_hex(11)
        self.playlists[playlist_id] = {**body, "uris": []}
        return 201, {
            "id": playlist_id,
            "name": body["name"],
            "public": body.get("public", True),
            "type": "playlist",
            "uri": f"spotify:playlist:{playlist_id}",
            "external_urls": {"spotify": f"https://open.spotify.com/playlist/{playlist_id}"},
        }

    def _search(self, asked: dict[str, str]) -> tuple[int, dict]:
        limit, offset = asked.get("limit", "5"), asked.get("offset", "0")
        if not asked.get("q"):
            return 400, _error(400, "No search query")
        if not (limit.isdigit() and 1 <= int(limit) <= 10):
            return 400, _error(400, "Invalid limit")
        if not (offset.isdigit() and int(offset) <= 1000):
            return 400, _error(400, "Invalid offset")
        if asked.get("type") != "track":
            return 400, _error(400, "Bad search type field")
        if not re.fullmatch("[A-Z]{2}", asked.get("market", "")) or asked["market"] == "ZZ":
            return 400, _error(400, "Invalid market code")
        found = self.find(asked["q"])
        start = int(offset)
        page = found[start : start + int(limit)]
        href = f"https://api.spotify.com/v1/search?{urlencode({'query': asked['q']})}"
        return 200, self.change_page(
            {
                "tracks": {
                    "href": href,
                    "items": [_track(song) for song in page],
                    "limit": int(limit),
                    "next": href if start + int(limit) < len(found) else None,
                    "offset": start,
                    "previous": href if start else None,
                    "total": len(found),
                }
            }
        )

    def find(self, text: str) -> list[Song]:
        filters = [(k, v.strip('"').casefold()) for k, v in _FILTER.findall(text)]
        words = _FILTER.sub(" ", text).casefold().split()
        found = [
            song
            for song in self.songs
            if all(word in song.words for word in words)
            and all(_passes(song, name, value) for name, value in filters if name != "genre")
        ]
        for name, value in filters:
            if name == "genre":
                inside = [song for song in found if _is_genre(song, value)]
                # The filter is soft: after what belongs to the genre comes something that does not.
                others = [song for song in found[:500] if not _is_genre(song, value)]
                found = inside + others[:5] if inside else []
        return found


def _passes(song: Song, name: str, value: str) -> bool:
    if name == "year":
        first, _, last = value.partition("-")
        return int(first) <= song.year <= int(last or first)
    return value in (song.artist if name == "artist" else song.name).casefold()


def _is_genre(song: Song, name: str) -> bool:
    return name in song.genres or _GENRES.get(name.replace("-", " ")) in song.genres


def _track(song: Song) -> dict:
    hexes = hashlib.sha256(song.id.encode()).hexdigest()[:24]
    artist = {
        "id": (hexes + "0" * 22)[:22],
        "name": song.artist,
        "type": "artist",
        "href": f"https://api.spotify.com/v1/artists/{hexes[:22]}",
        "uri": f"spotify:artist:{hexes[:22]}",
        "external_urls": {"spotify": f"https://open.spotify.com/artist/{hexes[:22]}"},
    }
    return {
        "album": {
            "album_type": "album",
            "artists": [artist],
            "external_urls": {"spotify": f"https://open.spotify.com/album/{hexes[:22]}"},
            "href": f"https://api.spotify.com/v1/albums/{hexes[:22]}",
            "id": hexes[:22],
            "images": [
                {"url": f"https://i.scdn.co/image/{hexes}{size}", "height": size, "width": size}
                for size in (640, 300, 64)
            ],
            "name": f"{song.name} and other songs",
            "release_date": f"{song.year}-05-01",
            "release_date_precision": "day",
            "total_tracks": 11,
            "type": "album",
            "uri": f"spotify:album:{hexes[:22]}",
        },
        "artists": [artist],
        "disc_number": 1,
        "duration_ms": song.duration_ms,
        "explicit": song.mark % 5 == 0,
        "external_ids": {"isrc": "USEE10001992"},
        "external_urls": {"spotify": f"https://open.spotify.com/track/{song.id}"},
        "href": f"https://api.spotify.com/v1/tracks/{song.id}",
        "id": song.id,
        "is_local": False,
        "is_playable": True,
        "name": song.name,
        "track_number": 1,
        "type": "track",
        "uri": f"spotify:track:{song.id}",
    }


def _error(status: int, message: str) -> dict:
    return {"error": {"status": status, "message": message}}


class _Handler(BaseHTTPRequestHandler):
    spotify: Spotify
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing; the tests read all logs."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        query = {k: v[-1] for k, v in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization", "")
        with self.spotify._lock:
            self.spotify.requests[parts.path] += 1
            if parts.path == "/v1/search":
                self.spotify.queries.append(query)
        is_api = parts.path.startswith("/v1/")
        failure = self.spotify.api_failure if is_api else self.spotify.token_failure
        if failure is not None and failure.times > 0:
            failure.times -= 1
            self._fail(failure)
        elif parts.path == "/authorize":
            status, location = self.spotify.authorize(query)
            self._send(status, b"", {"Location": location} if location else {})
        elif parts.path == "/api/token":
            time.sleep(self.spotify.token_delay_s)
            form = {k: v[-1] for k, v in parse_qs(body.decode()).items()}
            self._send_json(*self.spotify.token(form, authorization))
        else:
            said = json.loads(body) if body else None
            status, answer = self.spotify.api(method, parts.path, query, said, authorization)
            self._check(method, parts.path, query, authorization, body, status, answer)
            self._send_json(status, answer)

    def _check(self, method, path, query, authorization, body, status, answer) -> None:
        request = MockRequest(
            "https://api.spotify.com",
            method.lower(),
            path,
            args=query,
            headers={"Authorization": authorization},
            data=body or None,
            content_type="application/json",
        )
        response = MockResponse(
            json.dumps(answer).encode(), status, content_type="application/json"
        )
        try:
            if status < 300 and method == "GET":
                self.spotify.openapi.validate_request(request)
            if status not in (400, 404):  # the description leaves these two out
                self.spotify.openapi.validate_response(request, response)
        except OpenAPIError as broken:
            cause = broken.__cause__ or broken
            details = getattr(cause, "schema_errors", "")
            self.spotify.invalid.append(f"{method} {path} {query}: {cause} {details}")

    def _fail(self, failure: Failure) -> None:
        if failure.how == "drop":
            self.close_connection = True
        elif failure.how == "hang":
            self.spotify.stopped.wait(60)
        elif failure.how == "drip":
            self._drip()
        else:
            self._send(failure.status, failure.body, failure.headers)

    def _drip(self) -> None:
        """A good answer that never ends, a byte at a time: no time-out between bytes helps."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        try:
            while not self.spotify.stopped.wait(0.2):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def _send_json(self, status: int, answer: dict) -> None:
        self._send(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, quote(value, safe=" :,/?&=%+-_.;~#"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
