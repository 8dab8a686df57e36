"""One of several processes that serve, as `genregenie.web.supervisor` starts it."""

import socket
import sys

from genregenie.common import settings
from genregenie.common.errors import GenreGenieError
from genregenie.common.replicas import server_name
from genregenie.web.config import WebConfig
from genregenie.web.serving import logs
from genregenie.web.serving.lifeline import Lifeline
from genregenie.web.startup import run, tell_of_faults


def main(line: str, descriptors: str, host: str, log_level: str) -> None:
    """Serve: `line` and `descriptors` are of open sockets, `host` is what these listen on."""
    tell_of_faults()
    logs.set_up(int(log_level), settings.log_form(), server_name())
    sockets = [socket.socket(fileno=int(number)) for number in descriptors.split(",")]
    try:
        run(
            WebConfig.from_settings(host),
            sockets,
            lifeline=Lifeline(socket.socket(fileno=int(line))),
        )
    except GenreGenieError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(*sys.argv[1:])
