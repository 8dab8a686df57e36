"""The errors that cross rooms; each message is a sentence for whoever asked."""


class GenreGenieError(Exception):
    """Whatever GenreGenie raises on purpose."""


class AudioError(GenreGenieError):
    """A file that cannot be used as audio; the message is a sentence for its owner."""
