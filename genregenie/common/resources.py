"""Where what comes with GenreGenie lies: models, assets, the guide; in a wheel or a checkout.

A wheel carries these folders inside the package, a checkout keeps them beside it. Nothing else
builds a path from where its code lies.
"""

from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parent.parent
# The folder in the package that a wheel's copies of the folders below lie in.
_INSTALLED: Final = PACKAGE / "resources"


def checkout() -> Path | None:
    """The folder of the repository; None where GenreGenie was installed from a wheel."""
    return None if _INSTALLED.is_dir() else PACKAGE.parent


def models() -> Path:
    """The folder of the trained models that are shipped."""
    return _folder("models")


def assets() -> Path:
    """The folder of fonts, styles, scripts and example clips."""
    return _folder("assets")


def docs() -> Path:
    """The folder of the guide and its pictures."""
    return _folder("docs")


def static(room: str) -> Path:
    """The folder of styles and scripts that belong to one room, such as ``web/ui``."""
    return PACKAGE / room / "static"


def _folder(name: str) -> Path:
    return (checkout() or _INSTALLED) / name
