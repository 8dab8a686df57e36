"""Whole libraries: walk them, listen to them, tag them, and take the tags back."""
