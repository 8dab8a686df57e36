"""Gradio is loaded as the server loads it, in half the time."""

from genregenie.web import toolkit

toolkit.before_loading()
