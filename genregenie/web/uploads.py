"""What people hand in as many clips: files and zip archives, one clip after the other."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from genregenie.audio import AudioError
from genregenie.common.formatting import format_megabytes

MAX_CLIPS: Final = 200
MAX_CLIP_BYTES: Final = 50 << 20
MAX_ZIP_BYTES: Final = 1 << 30


@dataclass(frozen=True)
class Clip:
    """One clip: its name, and where its bytes are, or the sentence that says why not.

    Attributes
    ----------
    name : str
    content : Path, bytes or AudioError
    archive : Path or None
        The zip archive that it comes from.
    """

    name: str
    content: Path | bytes | AudioError
    archive: Path | None = None

    def without_content(self) -> "Clip":
        """What takes no room: where it can be found again."""
        return self if self.archive is None else replace(self, content=b"")

    def again(self) -> Path | bytes | None:
        """Its sound once more; None where the upload is gone."""
        if isinstance(self.content, Path):
            return self.content if self.content.is_file() else None
        if self.archive is None:
            return None
        try:
            with zipfile.ZipFile(self.archive) as archive:
                content = _member(archive, archive.getinfo(self.name), MAX_CLIP_BYTES)
        except (zipfile.BadZipFile, OSError, KeyError):
            return None
        return content if isinstance(content, bytes) else None


def clips(paths: Sequence[str]) -> Iterator[Clip]:
    """Every clip in uploaded files, zip archives opened, `MAX_CLIPS` at most.

    Nothing is unpacked to disk, and no more of an archive is read than the limits allow,
    whatever its directory claims.
    """
    left = MAX_CLIPS
    for path in map(Path, paths):
        for clip in _unzipped(path) if zipfile.is_zipfile(path) else [Clip(path.name, path)]:
            if left == 0:
                sentence = f"Only the first {MAX_CLIPS} clips are listened to at once."
                yield Clip(clip.name, AudioError(sentence))
                return
            left -= 1
            yield clip


def count(paths: Sequence[str]) -> int:
    """How many clips `clips` will yield."""
    return sum(1 for _ in _names(paths))


def _names(paths: Sequence[str]) -> Iterator[str]:
    seen = 0
    for path in map(Path, paths):
        names = [path.name]
        if zipfile.is_zipfile(path):
            try:
                with zipfile.ZipFile(path) as archive:
                    names = [i.filename for i in _members(archive)] or [path.name]
            except (zipfile.BadZipFile, OSError):
                names = [path.name]
        for name in names:
            yield name
            seen += 1
            if seen > MAX_CLIPS:
                return


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Files that may be clips: no folders, no hidden files, none of macOS's companions."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir()
        and not any(
            part.startswith((".", "__MACOSX")) for part in PurePosixPath(info.filename).parts
        )
    ]


def _unzipped(path: Path) -> Iterator[Clip]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            if not members:
                yield Clip(path.name, AudioError("There are no files in this archive."))
            unpacked = 0
            for info in members:
                content = _member(archive, info, MAX_ZIP_BYTES - unpacked)
                unpacked += len(content) if isinstance(content, bytes) else 0
                yield Clip(info.filename, content, path)
    except (zipfile.BadZipFile, OSError, UnicodeError):
        yield Clip(path.name, AudioError("This archive is damaged. Pack it again."))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> bytes | AudioError:
    if info.flag_bits & 1:
        return AudioError("This file is encrypted. Pack it without a password.")
    most = min(MAX_CLIP_BYTES, room)
    try:
        with archive.open(info) as file:
            content = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError):
        return AudioError("This file is damaged in the archive. Pack it again.")
    if len(content) > most:
        return AudioError(f"This file is larger than {format_megabytes(MAX_CLIP_BYTES)}.")
    return content
