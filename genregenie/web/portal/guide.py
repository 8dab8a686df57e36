"""The guide and its sister pages from ``docs/``, readable in the app and without a session."""

from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from starlette.responses import Response

from genregenie.common import resources
from genregenie.web.paths import GUIDE
from genregenie.web.portal.dependencies import Portal

_DOCS: Final = resources.docs()
_READ: Final = ["GET", "HEAD"]
_FIRST: Final = "guide"
_IMAGES: Final = {".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp"}


@dataclass(frozen=True)
class Leaf:
    """A page of the guide: its title, and its body as HTML."""

    title: str
    body: Markup


router = APIRouter()


@router.api_route(GUIDE, methods=_READ)
@router.api_route(GUIDE + "/{name}", methods=_READ)
async def leaf(request: Request, portal: Portal) -> Response:
    """One page."""
    found = _leaves().get(request.url.path)
    if found is None:
        raise HTTPException(404)
    return portal.page(request, "guide.html", title=found.title, body=found.body)


@router.api_route(GUIDE + "/images/{name}", methods=_READ)
async def picture(request: Request) -> Response:
    """A picture in one of them."""
    found = _pictures().get(request.url.path)
    if found is None:
        raise HTTPException(404)
    body, kind = found
    return Response(body, media_type=kind)


def guide_paths() -> frozenset[str]:
    """Every address of the guide; all are for everybody."""
    return frozenset(_leaves()) | frozenset(_pictures())


@cache
def _leaves() -> dict[str, Leaf]:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    leaves = {}
    for file in sorted(_DOCS.glob("*.md")):
        tokens = markdown.parse(file.read_text(encoding="utf-8"))
        for token in tokens:
            if token.type == "inline":
                token.children = _addressed(token.children or [])
        title = next((t.content for t in tokens if t.type == "inline"), file.stem)
        path = GUIDE if file.stem == _FIRST else f"{GUIDE}/{file.stem}"
        # Our own files, and markdown-it lets no HTML in them through.
        leaves[path] = Leaf(title, Markup(markdown.renderer.render(tokens, markdown.options, {})))  # noqa: S704
    return leaves


@cache
def _pictures() -> dict[str, tuple[bytes, str]]:
    return {
        f"{GUIDE}/images/{file.name}": (file.read_bytes(), _IMAGES[file.suffix])
        for file in sorted(_DOCS.glob("images/*"))
        if file.suffix in _IMAGES
    }


def _addressed(tokens: list[Token]) -> list[Token]:
    """The same text with links that lead somewhere here; those into the source are left out."""
    kept, inside = [], True
    for token in tokens:
        if token.type == "link_open":
            target = _target(str(token.attrs["href"]))
            inside = target is not None
            if target is None:
                continue
            token.attrs["href"] = target
        elif token.type == "link_close" and not inside:
            continue
        elif token.type == "image":
            token.attrs["src"] = f"{GUIDE}/{token.attrs['src']}"
        kept.append(token)
    return kept


def _target(href: str) -> str | None:
    if href.startswith(("https://", "http://", "#")):
        return href
    path = PurePosixPath(href.partition("#")[0])
    if path.suffix != ".md" or path.parent != PurePosixPath():
        return None
    return GUIDE if path.stem == _FIRST else f"{GUIDE}/{path.stem}"
