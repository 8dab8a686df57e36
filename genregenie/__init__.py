"""GenreGenie names the genre of an audio clip and says how sure it is."""

__version__ = "0.1.0"
