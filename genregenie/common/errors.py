"""The root of all errors, and those that cross rooms; each message is a sentence for whoever asked.

Every room has its own errors under `GenreGenieError`. They are raised where they are known and put
into words once: by `genregenie.cli.main` on the command line, by the page in the browser.
"""


class GenreGenieError(Exception):
    """Whatever GenreGenie raises on purpose."""


class AudioError(GenreGenieError):
    """A file that cannot be used as audio; the message is a sentence for its owner."""


class DataError(GenreGenieError):
    """Labelled data that cannot be used; the message says what is wrong with it."""
