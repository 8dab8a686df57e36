"""What stands around the tabs, as HTML: the name, the guide, who is there, and as what."""

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from genregenie.web.paths import ACCOUNT, ASSETS, GUIDE, LOGOUT, SIGNUP, from_app
from genregenie.web.views.fragments import render

_SIGN_UP: Final = "Create an account"


def brand() -> Markup:
    """The mark, the name and what it does."""
    return render("page", "brand")


def guide_link() -> Markup:
    """The way to the guide."""
    return render("page", "guide_link", guide=from_app(GUIDE))


def examples_title() -> Markup:
    """What stands above the examples."""
    return render("page", "examples_title")


def session_bar(name: str | None, token: str) -> Markup:
    """Who is logged in, with a link to the account and a button that logs out.

    Parameters
    ----------
    name : str or None
        None for a guest, who has no account but may make one.
    token : str
        Proves that the button is ours.
    """
    first, told, out = (ACCOUNT, name, "Log out") if name else (SIGNUP, "Sign up", "Leave")
    return render(
        "page",
        "session_bar",
        first=from_app(first),
        told=told,
        log_out=from_app(LOGOUT),
        out=out,
        token=token,
    )


def for_an_account(text: str = "", link: str = f"{_SIGN_UP}.") -> Markup:
    """A line for guests that leads to an account."""
    return render("page", "for_an_account", text=text, link=link, sign_up=from_app(SIGNUP))


def keep_it() -> Markup:
    """What becomes of a guest's result."""
    return for_an_account("Gone when you leave.", "Keep it: create an account.")


def head(script: str) -> Markup:
    """What Gradio's template of the page lacks in its head.

    It says where the page's manifest and its icon are: of its own accord Gradio asks for both at
    the root of the host, which need not be ours. The page has its title from the start, which a
    script gives it otherwise, too late for whoever has it read out. The `script` is our own, and
    runs before Gradio's.
    """
    return render("page", "head", assets=from_app(ASSETS), script=Markup(script))  # noqa: S704


def home_screen() -> Markup:
    """What a phone shows that has the page on its home screen."""
    return render("page", "home_screen", assets=from_app(ASSETS))


def paper(style: str) -> Markup:
    """The style of the page where it is printed, for its head; it is our own."""
    return render("page", "paper", style=Markup(style))  # noqa: S704


def scripts(sources: Iterable[str]) -> Markup:
    """Scripts for the head of the page; they are our own, and stay as they are."""
    return render("page", "scripts", sources=[Markup(source) for source in sources])  # noqa: S704
