"""``genregenie spotify-features``: genres from a CSV of Spotify's audio features."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genregenie.cli.arguments import Commands, add_command, add_json, file_path
from genregenie.cli.messages import log

if TYPE_CHECKING:
    from genregenie.spotify_features.exportify import Sheet
    from genregenie.spotify_features.model import FeatureVerdict


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    features = add_command(
        commands,
        "spotify-features",
        _spotify_features,
        "name genres from a CSV of Spotify's audio features, such as Exportify's",
    )
    features.add_argument("file", type=file_path, metavar="FILE.csv")
    add_json(features, "object")


def _spotify_features(options: argparse.Namespace) -> int:
    from genregenie.spotify_features.exportify import read_sheet
    from genregenie.spotify_features.model import shipped
    from genregenie.spotify_features.report import record

    sheet = read_sheet(options.file)
    verdicts = shipped().judge(sheet.rows)
    if options.json:
        print(json.dumps(record(sheet, verdicts), indent=2, ensure_ascii=False))
    else:
        _print(sheet, verdicts)
    return 0


def _print(sheet: "Sheet", verdicts: Sequence["FeatureVerdict"]) -> None:
    from genregenie.spotify_features.model import display_name

    width = min(max(len(name) for name in sheet.names), 50)
    for name, verdict in zip(sheet.names, verdicts, strict=True):
        likely = [f"{display_name(g)} {p:.0%}" for g, p in verdict.top]
        best, *others = likely or ["no genre"]
        print(f"{name[:width]:<{width}}  {best:<22}{', '.join(others)}")
    for note in sheet.notes:
        log.warning("%s", note)
