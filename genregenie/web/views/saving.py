"""What goes along with a picture, and the link to a shared result, as HTML."""

from markupsafe import Markup

from genregenie.web.views.fragments import render


def words(text: str) -> Markup:
    """A sentence to post beside a picture."""
    return render("saving", "words", text=text)


def link(url: str, *, has_cover: bool = False) -> Markup:
    """A link to copy, to look behind, and to take back; others see the cover there, or do not."""
    return render("saving", "link", url=url, has_cover=has_cover)
