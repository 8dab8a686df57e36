"""Starts GenreGenie, on a laptop and on a Hugging Face Space alike."""

from genregenie.web.server import serve

if __name__ == "__main__":
    serve()
