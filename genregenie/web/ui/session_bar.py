"""A line of HTML for the Gradio page: who is logged in, the account, and log out."""

import gradio as gr

from genregenie.web.identity import identity_on_page
from genregenie.web.views import page


def session_bar(request: gr.Request) -> str:
    """Who is logged in, with a link to the account and a button that logs out; both for guests too.

    Use it as ``page.load(session_bar, None, gr.HTML())``. Empty with the gate off.
    """
    identity = identity_on_page(request)
    if identity is None:
        return ""
    user = identity.user
    return page.session_bar(None if user.guest else user.name, identity.form_token)
