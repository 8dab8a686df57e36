"""The command line: reads arguments, runs a command, puts what goes wrong into words.

Exit status: 0 when everything worked, 1 when some file or step failed, 2 for wrong use, 130 when
it was interrupted. A parser imports `genregenie.common` alone; a command loads its room when it
runs.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

from genregenie.cli import (
    classify,
    completion,
    evaluate,
    feedback,
    index,
    lab,
    messages,
    recommend,
    serve,
    similar,
    spotify_features,
    tag,
    train,
    untag,
    users,
)
from genregenie.cli.arguments import Commands, add_volume
from genregenie.cli.version import Version
from genregenie.common.errors import GenreGenieError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ``genregenie`` command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # file names need not be valid text
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    if getattr(options, "fast", False):
        os.environ["GENREGENIE_HEARING"] = "timbre"  # in worker processes too
    if options.keeps_log:
        return _run(options)
    with messages.shown(options.volume):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, head for instance, has seen enough
        sys.stderr.close()
        return 1
    except (GenreGenieError, OSError) as error:
        print(f"{options.prefix}{error}", file=sys.stderr)
        messages.log.debug("It comes from here:", exc_info=True)
        return 1
    return status


class _Parser(argparse.ArgumentParser):
    """The parser of the whole, whose help lists the commands by what people want to do."""

    def __init__(self) -> None:
        super().__init__(prog="genregenie", description="Names the musical genre of audio files.")
        self.groups: dict[str, list[argparse.Action]] = {}

    def format_help(self) -> str:
        """Usage, the groups of commands, the options."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        sections = {**self.groups, "options": self._get_optional_actions()}
        for title, actions in sections.items():
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text("'genregenie COMMAND --help' says more of a command.")
        return formatter.format_help()


def _parser() -> _Parser:
    parser = _Parser()
    parser.add_argument("--version", action=Version, help="say which release and model this is")
    add_volume(parser)
    # Accounts have always spoken without the name of the command in front.
    parser.set_defaults(volume="normal", prefix="genregenie: ", keeps_log=False)
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=argparse.ArgumentParser
    )
    groups: dict[str, Sequence[Callable[[Commands], None]]] = {
        "name genres": (classify.add, spotify_features.add),
        "find more like it": (recommend.add, similar.add, index.add),
        "tag a library": (tag.add, untag.add),
        "run the app": (serve.add, users.add, feedback.add),
        "make and judge models": (train.add, evaluate.add, lab.add),
        "the command itself": (partial(completion.add, whole=parser),),
    }
    for title, adders in groups.items():
        known = len(commands._get_subactions())
        for add in adders:
            add(commands)
        parser.groups[title] = commands._get_subactions()[known:]
    return parser
