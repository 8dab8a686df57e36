"""``genregenie completion``: a script with which a shell completes this command line."""

import argparse
from collections.abc import Iterator
from typing import Final

from genregenie.cli.arguments import Commands, add_command, any_path, file_path, folder_path

SHELLS: Final = ("bash", "zsh", "fish")

# What shtab calls that which a shell offers for an argument of a type.
_OFFERED: Final = {file_path: "file", folder_path: "directory", any_path: "file"}

_HOW: Final = """\
How to use it, from the next shell on:
  bash  genregenie completion bash > ~/.local/share/bash-completion/completions/genregenie
  zsh   genregenie completion zsh > ~/.zfunc/_genregenie
        with 'fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit' in ~/.zshrc
  fish  genregenie completion fish > ~/.config/fish/completions/genregenie.fish
"""


def add(commands: Commands, whole: argparse.ArgumentParser) -> None:
    """Add the command to those of the `whole` parser, which is what it completes."""
    completion = add_command(
        commands,
        "completion",
        _completion,
        "print what makes a shell complete this command line",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(whole=whole)


def _completion(options: argparse.Namespace) -> int:
    import shtab

    for action in _actions(options.whole):
        if action.type in _OFFERED:
            action.complete = _OFFERED[action.type]  # type: ignore[attr-defined]
    print(shtab.complete(options.whole, options.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All that may stand on a command line, in commands below commands too."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
