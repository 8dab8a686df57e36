"""The ``genregenie`` command."""

import argparse
import sys
from collections.abc import Sequence

from genregenie import __version__
from genregenie.accounts_cli import add_users_command


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="genregenie")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_serve_command(subparsers)
    add_users_command(subparsers)
    arguments = parser.parse_args(argv)
    return int(arguments.run(arguments))


def add_serve_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``serve``, which starts the web app."""
    serve = subparsers.add_parser("serve", help="start the web app")
    serve.add_argument("--host", help="address to listen on (default: GRADIO_SERVER_NAME)")
    serve.add_argument("--port", type=int, help="port to listen on (default: GRADIO_SERVER_PORT)")
    serve.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    from genregenie.settings import SettingsError
    from genregenie.web.server import serve

    try:
        serve(arguments.host, arguments.port)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
