"""``genregenie evaluate``: score the model on a table of statistics."""

import argparse
import json
from typing import TYPE_CHECKING

from genregenie.cli.arguments import Commands, add_command, add_json, file_path
from genregenie.common.genres import display_name

if TYPE_CHECKING:
    from genregenie.evaluation.evaluate import Evaluation


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    evaluate = add_command(
        commands, "evaluate", _evaluate, "score the model on a table of statistics"
    )
    evaluate.add_argument("table", type=file_path, metavar="TABLE.npz")
    add_json(evaluate, "object")


def _evaluate(options: argparse.Namespace) -> int:
    from genregenie.datasets.table import read_table
    from genregenie.evaluation.evaluate import evaluate
    from genregenie.inference.classifier import Classifier

    result = evaluate(Classifier.load().model, read_table(options.table))
    if options.json:
        print(json.dumps(result.to_dict(), indent=2))
    else:
        _print(result)
    return 0


def _print(result: "Evaluation") -> None:
    print(
        f"{result.n} clips: accuracy {result.accuracy:.3f}, macro-F1 {result.macro_f1:.3f}, "
        f"top-3 {result.top3:.3f}, expected calibration error {result.ece:.3f}\n"
    )
    header = "".join(f"{genre[:6]:>7}" for genre in result.genres)
    print(f"{'true genre':<12}{'F1':>5}{header}   (predicted)")
    for genre, row in zip(result.genres, result.confusion.tolist(), strict=True):
        counts = "".join(f"{count:>7}" for count in row)
        print(f"{display_name(genre):<12}{result.per_genre[genre].f1:>5.2f}{counts}")
