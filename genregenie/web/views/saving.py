"""The link to a shared result, as HTML."""

from markupsafe import Markup

from genregenie.web.views.fragments import render


def link(url: str) -> Markup:
    """A link to copy, to look behind, and to take back."""
    return render("saving", "link", url=url)
