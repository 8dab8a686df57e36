"""The command line: reads arguments, runs a command, puts what goes wrong into words.

Exit status: 0 when everything worked, 1 when some file or step failed, 2 for wrong use, 130 when
it was interrupted. A parser imports `genregenie.common` alone; a command loads its room when it
runs.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from genregenie.cli import (
    backup,
    check,
    classify,
    completion,
    duplicates,
    evaluate,
    feedback,
    index,
    lab,
    listen,
    messages,
    music_map,
    playlist,
    recommend,
    serve,
    similar,
    spotify_features,
    tag,
    train,
    untag,
    users,
    watch,
)
from genregenie.cli.arguments import Commands, add_volume
from genregenie.cli.version import Version
from genregenie.common.errors import GenreGenieError
from genregenie.common.settings import HEARING


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ``genregenie`` command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # file names need not be valid text
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    # Where something stands before the command, its help may be asked for: of all of them.
    options = parser(words[0] if words else "").parse_args(words)
    with _hearing(getattr(options, "fast", False)):
        if options.keeps_log:
            return _run(options)
        with messages.shown(options.volume):
            return _run(options)


@contextlib.contextmanager
def _hearing(fast: bool) -> Iterator[None]:
    """With ``--fast`` the network is left out, in worker processes too."""
    before = os.environ.get(HEARING)
    if fast:
        os.environ[HEARING] = "timbre"
    try:
        yield
    finally:
        if fast:
            os.environ.pop(HEARING)
            os.environ.update({} if before is None else {HEARING: before})


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


_GROUPS: Final[Mapping[str, Mapping[str, Callable[[Commands], None]]]] = {
    "name genres": {
        "classify": classify.add,
        "listen": listen.add,
        "spotify-features": spotify_features.add,
    },
    "find more like it": {
        "recommend": recommend.add,
        "similar": similar.add,
        "index": index.add,
        "map": music_map.add,
        "playlist": playlist.add,
    },
    "tag a library": {"tag": tag.add, "untag": untag.add},
    "look through a library": {
        "duplicates": duplicates.add,
        "check": check.add,
        "watch": watch.add,
    },
    "run the app": {"serve": serve.add, "users": users.add, "feedback": feedback.add},
    "keep it safe": {
        "backup": backup.add_backup,
        "verify": backup.add_verify,
        "restore": backup.add_restore,
    },
    "make and judge models": {"train": train.add, "evaluate": evaluate.add, "lab": lab.add},
    "the command itself": {"completion": completion.add},
}
"""What adds each command, under what people want to do."""


def parser(wanted: str = "") -> argparse.ArgumentParser:
    """The parser of all commands; of one alone, made in a tenth of the time, if wanted.

    Parameters
    ----------
    wanted : str
        What may be the name of a command.
    """
    whole = _Parser()
    whole.add_argument("--version", action=Version, help="say which release and model this is")
    add_volume(whole)
    # Accounts have always spoken without the name of the command in front.
    whole.set_defaults(volume="normal", prefix="genregenie: ", keeps_log=False)
    commands = whole.add_subparsers(
        required=True, metavar="COMMAND", parser_class=argparse.ArgumentParser
    )
    is_one = any(wanted in group for group in _GROUPS.values())
    for title, group in _GROUPS.items():
        known = len(commands._get_subactions())
        for name, add in group.items():
            if not is_one or name == wanted:
                add(commands)
        whole.groups[title] = commands._get_subactions()[known:]
    return whole
