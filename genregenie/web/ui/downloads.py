"""Files that people take away: written where Gradio serves them to their owner and sweeps up."""

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from gradio.utils import get_upload_folder

RECORDING: Final = "audio"
"""What a clip from the microphone is called, without its suffix: Gradio's own name for it."""


def as_file(name: str, content: bytes | str) -> str:
    """Write a file of this name and give its path."""
    # Gradio's own folder: its files belong to whom they are given, and go within the hour. Gradio
    # only names it; nobody may have uploaded anything yet.
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = Path(tempfile.mkdtemp(dir=folder)) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return str(path)


def as_json(content: Any) -> str:
    """Indented JSON."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
