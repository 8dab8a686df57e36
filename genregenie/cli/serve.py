"""``genregenie serve``: start the app."""

import argparse
import logging
from typing import Final

from genregenie.cli.arguments import Commands, add_command, port, positive

# A server tells more than a command does; its log has times and names.
_LEVELS: Final = {"quiet": logging.WARNING, "normal": logging.INFO, "verbose": logging.DEBUG}


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    serve = add_command(commands, "serve", _serve, "start the app")
    serve.add_argument("--host", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=port, help="port to listen on (default: 7860)")
    serve.add_argument(
        "--workers",
        type=positive,
        help="processes that serve; one that ends is replaced (default: 1, in this process)",
    )
    serve.set_defaults(keeps_log=True)


def _serve(options: argparse.Namespace) -> int:
    from genregenie.web.startup import serve

    serve(options.host, options.port, _LEVELS[options.volume], options.workers)
    return 0
