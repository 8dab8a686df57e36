"""A line of HTML for the Gradio page: who is logged in, the account, and log out."""

from html import escape

import gradio as gr

from genregenie.web.identity import identity_on_page


def session_bar(request: gr.Request) -> str:
    """Who is logged in, with a link to the account and a button that logs out.

    Use it as ``page.load(session_bar, None, gr.HTML())``. Empty with the gate off.
    """
    identity = identity_on_page(request)
    if identity is None:
        return ""
    return (
        '<div class="session-bar" style="display:flex;gap:1rem;align-items:center;'
        'justify-content:flex-end;flex-wrap:wrap">'
        f'<a href="/account">{escape(identity.user.name)}</a>'
        '<form method="post" action="/logout" style="margin:0">'
        f'<input type="hidden" name="token" value="{escape(identity.form_token)}">'
        '<button type="submit">Log out</button></form></div>'
    )
