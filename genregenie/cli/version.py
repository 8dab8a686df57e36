"""``genregenie --version``: the release, and the model that answers."""

import argparse
import json
from typing import Any

from genregenie.common import settings
from genregenie.common.version import __version__


class Version(argparse._VersionAction):
    """Looks the model up when it is asked for, not whenever the parser is made."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print both and leave."""
        print(f"genregenie {__version__}\nmodel: {model_name()}")
        parser.exit()


def model_name() -> str:
    """What the model is called, from its description alone: neither NumPy nor arrays needed."""
    folder = settings.model_dir()
    try:
        description = json.loads((folder / "model.json").read_bytes())
        return (
            f"{description['winner']}, trained on {description['trained_on']['source']} ({folder})"
        )
    except FileNotFoundError:
        return f"none in {folder}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"not readable in {folder}"
