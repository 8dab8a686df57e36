"""Starts GenreGenie, on a laptop and on a Hugging Face Space alike."""

from genregenie.web.startup import main

if __name__ == "__main__":
    main()
