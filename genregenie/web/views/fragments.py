"""Pieces of HTML from templates: whatever text comes into one is escaped on its way in.

A template in ``templates/`` holds macros, and each macro is a fragment. What `render` gives is
`Markup`, and only `Markup` goes into another fragment as it is; every other value is text.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token
from markupsafe import Markup

from genregenie.audio import format_duration
from genregenie.common.colours import colour
from genregenie.common.genres import display_name

# Beside a tag of HTML or of Jinja a line's end is layout, elsewhere it is a space.
_LAYOUT: Final = re.compile(r"^\s*\n\s*|(?<=>)\s*\n\s*|\s*\n\s*(?=<)|\s*\n\s*$")
_LINE_END: Final = re.compile(r"\s*\n\s*")


class _Tight(Extension):
    """Lines and indentation of a template are for its readers: the page gets none of them."""

    def filter_stream(self, stream: Iterable[Token]) -> Iterator[Token]:
        for token in stream:
            if token.type != "data":
                yield token
            elif data := _LINE_END.sub(" ", _LAYOUT.sub("", token.value)):
                yield Token(token.lineno, "data", data)


_TEMPLATES: Final = Environment(
    loader=PackageLoader("genregenie.web.views"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    extensions=[_Tight],
)
_TEMPLATES.filters.update(colour=colour, duration=format_duration, genre=display_name)


def render(template: str, fragment: str, **values: Any) -> Markup:
    """The HTML of a fragment.

    Parameters
    ----------
    template : str
        A file in ``templates/`` without its suffix.
    fragment : str
        The macro in it.
    **values
        The macro's arguments. All but `Markup` is escaped.
    """
    html: Markup = getattr(_TEMPLATES.get_template(f"{template}.html").module, fragment)(**values)
    return html


def joined(parts: Iterable[Markup]) -> Markup:
    """Fragments one after the other."""
    return Markup("").join(parts)
