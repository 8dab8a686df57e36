"""Draws the map of a model that is there: ``python scripts/draw_map.py [MODEL_FOLDER]``.

A training draws it too; this is for a model of an earlier release, which is otherwise left alone.
"""

import sys
from pathlib import Path

from genregenie.common import settings
from genregenie.training.map import draw_map


def main() -> None:
    """Draw it, and say where."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else settings.model_dir()
    drawn = draw_map(folder)
    print(f"{folder}: {len(drawn)} tracks" if drawn else f"{folder}: too few tracks for a map")


if __name__ == "__main__":
    main()
