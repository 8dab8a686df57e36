"""The root of all errors, and those that cross rooms; each message is a sentence for whoever asked.

Every room has its own errors under `GenreGenieError`. They are raised where they are known and put
into words once: by `genregenie.cli.main` on the command line, by the page in the browser.
"""


class GenreGenieError(Exception):
    """Whatever GenreGenie raises on purpose."""


class AudioError(GenreGenieError):
    """A file that cannot be used as audio; the message is a sentence for its owner."""


class DatabaseError(GenreGenieError):
    """A database that cannot be used.

    Parameters
    ----------
    cause : Exception
        What its driver said. The message tells the kind of it alone, since its text may repeat
        what was asked of the database.

    Attributes
    ----------
    kind : str
        Such as ``"OperationalError"``.
    """

    def __init__(self, cause: Exception) -> None:
        self.kind = type(cause).__name__
        super().__init__(f"The database cannot be used: {self.kind}")
