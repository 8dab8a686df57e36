"""A line of HTML for the Gradio page: who is logged in, the account, and log out."""

import gradio as gr

from genregenie.web.security.gate import form_token, who_asks
from genregenie.web.views import page


def session_bar(request: gr.Request) -> str:
    """Who is logged in, with a link to the account and a button that logs out.

    Use it as ``page.load(session_bar, None, gr.HTML())``. Empty with the gate off.
    """
    inner, who = request.request, who_asks(request)
    if inner is None or who is None:
        return ""
    return page.session_bar(who.name, form_token(inner.scope))
