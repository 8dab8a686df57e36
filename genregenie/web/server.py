"""Starts the app."""

import os

from genregenie import settings
from genregenie.classifier import Classifier

MAX_UPLOAD = "50mb"


def serve(host: str | None = None, port: int | None = None) -> None:
    """Serve the page until interrupted; host and port default to the settings."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from genregenie.web.page import build_page, launch_options

    Classifier.load()  # a missing model is noticed now, not at the first clip
    build_page().queue(max_size=50).launch(
        server_name=host or settings.server_host(),
        server_port=port or settings.server_port(),
        max_file_size=MAX_UPLOAD,
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        **launch_options(),
    )
