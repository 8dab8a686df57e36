"""``genregenie completion``: a script with which a shell completes this command line."""

import argparse
from collections.abc import Iterator
from typing import Final

from genregenie.cli.arguments import Commands, add_command, any_path, file_path, folder_path

SHELLS: Final = ("bash", "zsh", "fish")

# What shtab calls that which a shell offers for an argument of a type.
_OFFERED: Final = {file_path: "file", folder_path: "directory", any_path: "file"}

_HOW: Final = """\
A line in the start-up file of the shell is enough:
  ~/.bashrc                   eval "$(genregenie completion bash)"
  ~/.zshrc, after compinit    eval "$(genregenie completion zsh)"
  ~/.config/fish/config.fish  genregenie completion fish | source
"""


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    completion = add_command(
        commands,
        "completion",
        _completion,
        "print what makes a shell complete this command line",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    completion.add_argument("shell", choices=SHELLS)


def _completion(options: argparse.Namespace) -> int:
    import shtab

    from genregenie.cli.main import parser

    whole = parser()
    for action in _actions(whole):
        if action.type in _OFFERED:
            action.complete = _OFFERED[action.type]  # type: ignore[attr-defined]
    print(shtab.complete(whole, options.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All that may stand on a command line, in commands below commands too."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
