"""Starts GenreGenie, on a laptop and on a Hugging Face Space alike."""

from genregenie.common.settings import SettingsError
from genregenie.web.startup import serve

if __name__ == "__main__":
    try:
        serve()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
