"""What stands around the tabs, as HTML: the name, the help, who is logged in."""

from collections.abc import Iterable

from markupsafe import Markup

from genregenie.web.paths import ACCOUNT, GUIDE, LOGOUT
from genregenie.web.views.fragments import render


def brand() -> Markup:
    """The mark, the name and what it does."""
    return render("page", "brand")


def help_text() -> Markup:
    """How the page is used, with the way to the guide."""
    return render("page", "help", guide=GUIDE)


def session_bar(name: str, token: str) -> Markup:
    """Who is logged in, with a link to the account and a button that logs out.

    `token` proves that the button is ours.
    """
    return render("page", "session_bar", account=ACCOUNT, log_out=LOGOUT, name=name, token=token)


def scripts(sources: Iterable[str]) -> Markup:
    """Scripts for the head of the page; they are our own, and stay as they are."""
    return render("page", "scripts", sources=[Markup(source) for source in sources])  # noqa: S704
