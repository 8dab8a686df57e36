"""Where a file really is, and whether it is still the one that was there before."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Final

_BLOCKS: Final = 16
_BLOCK_BYTES: Final = 4096
_MAGIC: Final = "*?["


class RealPaths:
    """Real, absolute paths; the folders' are looked up once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def path(self, path: str) -> str:
        """The path without links, relative parts and repeats.

        Examples
        --------
        >>> song = RealPaths().path("jazz/../jazz/song.mp3")
        >>> song == os.path.join(os.path.realpath(os.getcwd()), "jazz", "song.mp3")
        True
        """
        folder, name = os.path.split(os.path.join(os.getcwd(), path))
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._folders[folder], name)
        plain = name not in ("", ".", "..") and not os.path.islink(real)
        return real if plain else os.path.realpath(real)


def probe(path: str) -> bytes | None:
    """16 bytes that tell one file from another of the same size, without reading all of it.

    Sixteen blocks are taken from all over the file, since many a song begins and ends alike: with
    the same tags and the same silence. None if the file cannot be read.
    """
    check = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            check.update(size.to_bytes(8, "big"))
            last = max(size - _BLOCK_BYTES, 0)
            for start in sorted({last * i // (_BLOCKS - 1) for i in range(_BLOCKS)}):
                file.seek(start)
                check.update(file.read(_BLOCK_BYTES))
    except OSError:
        return None
    return check.digest()


def candidates(path: str, asked: Iterable[str]) -> Iterator[str]:
    """Absolute paths that a relative one may mean, which an earlier release wrote down.

    Parameters
    ----------
    path : str
    asked : iterable of str
        The absolute paths, or patterns, that the run was asked to look at. The folder that the
        command was started in is not known: it is the part above what both have in common.

    Examples
    --------
    >>> list(candidates("music/song.mp3", ["/home/me/music"]))
    ['/home/me/music/music/song.mp3', '/home/me/music/song.mp3']
    """
    if os.path.isabs(path):
        yield path
        return
    parts = [part for part in os.path.normpath(path).split(os.sep) if part != os.pardir]
    for root in asked:
        above = os.path.normpath(root).split(os.sep)
        plain = [any(c in part for c in _MAGIC) for part in above]
        if any(plain) and not os.path.exists(root):
            above = above[: plain.index(True)]
        for common in range(len(parts) + 1):
            if above[len(above) - common :] == parts[:common]:
                yield os.sep.join([*above[: len(above) - common], *parts])
