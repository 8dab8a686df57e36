"""``genregenie lab classify``: what every earlier system would have said of a clip."""

import argparse
import json
from typing import TYPE_CHECKING

from genregenie.cli.arguments import Commands, add_command, add_json, file_path
from genregenie.cli.messages import about, print_table

if TYPE_CHECKING:
    from genregenie.lab.answers import Answer


def add(commands: Commands) -> None:
    """Add the command to those of the lab."""
    classify = add_command(
        commands, "classify", _classify, "what every earlier system would have said of a clip"
    )
    classify.add_argument("file", metavar="FILE", type=file_path)
    add_json(classify, "array")


def _classify(options: argparse.Namespace) -> int:
    from genregenie.audio.parallel import apart
    from genregenie.lab.answers import answers

    with about(options.file):
        found = apart(answers, options.file)
    if options.json:
        print(json.dumps([answer.to_dict() for answer in found], indent=2))
        return 0
    print_table(_line(answer) for answer in found)
    for remark in dict.fromkeys(answer.remark for answer in found if answer.remark):
        named = [f"{a.system} {a.model}" for a in found if a.remark == remark]
        print(f"\n{', '.join(named)}: {remark}.".replace("..", "."))
    return 0


def _line(answer: "Answer") -> dict[str, str]:
    from genregenie.common.genres import display_name

    known = answer.genre is not None and answer.confidence is not None
    return {
        "system": answer.system,
        "model": answer.model,
        "genre": display_name(answer.genre) if answer.genre else "-",
        "confidence": f"{answer.confidence:.0%}" if known else "-",
        "ms": f"{answer.took_ms:.0f}" if known else "-",
    }
