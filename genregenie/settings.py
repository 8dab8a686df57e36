"""Every environment variable GenreGenie reads, in one place.

Values are read when asked for, so tests and long-running processes see changes.
"""

import os
from pathlib import Path

PACKAGE_DIR = Path(__file__).resolve().parent
PROJECT_DIR = PACKAGE_DIR.parent


def model_dir() -> Path:
    """Folder of the shipped model: ``GENREGENIE_MODEL``, else ``models/gtzan``."""
    return Path(os.environ.get("GENREGENIE_MODEL") or PROJECT_DIR / "models" / "gtzan")


def data_dir() -> Path:
    """Folder of the training data: ``data`` in ``GENREGENIE_SHARED``, else in ``../shared``."""
    return Path(os.environ.get("GENREGENIE_SHARED") or PROJECT_DIR.parent / "shared") / "data"


def on_space() -> bool:
    """Whether this process runs inside a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID"))


def server_host() -> str:
    """Address to listen on: ``GRADIO_SERVER_NAME``, else all on a Space, else this machine."""
    return os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space() else "127.0.0.1")  # noqa: S104


def server_port() -> int:
    """Port to listen on: ``GRADIO_SERVER_PORT``, else 7860."""
    return int(os.environ.get("GRADIO_SERVER_PORT") or 7860)
