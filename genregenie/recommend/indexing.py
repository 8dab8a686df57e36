"""Listens to a folder of music and writes an index of it; `library_index` searches that."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from genregenie.audio import AudioError, AudioFile
from genregenie.audio.scan import Skipped, files_in
from genregenie.autotag.vocabulary import probabilities_of
from genregenie.common.formatting import reason, valid_text
from genregenie.inference.batch import classify_many
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.model.likeness import Likeness
from genregenie.recommend.acoustic import direction_of
from genregenie.recommend.library_index import (
    LIBRARY_JSON,
    Entry,
    Library,
    LibraryError,
    OtherModelError,
    indexed_paths,
)
from genregenie.recommend.writing import (
    Track,
    known_tracks,
    only_writer,
    replace_index,
    set_aside,
)

FOLDER_NAME: Final = "genregenie-index"

KEPT_EVERY: Final = 500
"""So many files are heard again at most by whoever goes on after a power cut."""

Progress = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what was done last."""


@dataclass(frozen=True)
class Indexed:
    """What an index was made of.

    Attributes
    ----------
    path : Path
    tracks, unchanged : int
        In the index, and how many of them were not listened to again.
    skipped : tuple of Skipped
    """

    path: Path
    tracks: int
    unchanged: int
    skipped: tuple[Skipped, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self) | {"path": str(self.path)}


def index_folder(
    folder: Path,
    output: Path | None = None,
    jobs: int = -1,
    progress: Progress | None = None,
    backend: str = "processes",
) -> Indexed:
    """Index every audio file below a folder; files listened to before are not heard again.

    They are where another model listened, or an earlier release, or where the network was left out
    and now is not. What has been heard is kept when it is interrupted, and now and then before, so
    that the same call goes on from there; so do `index_files` and `renew`.

    Parameters
    ----------
    folder : Path
    output : Path, optional
        Where the index goes; by default ``genregenie-index`` in `folder`.
    jobs : int
        Processes; -1 takes one per core.
    backend : str
        As for `genregenie.inference.batch.classify_many`: the address of a Dask scheduler, say.

    Raises
    ------
    LibraryError
        If there is nothing to index, or `output` holds something else.
    ModelError, AutotagError, ClusterError
    """
    folder = folder.absolute()
    output = (output or folder / FOLDER_NAME).absolute()
    _check_output(output)
    files, skipped = _files(folder, output)
    return _index(folder, files, skipped, output, jobs, progress, backend, is_shown=True)


def index_files(
    folder: Path,
    files: Iterable[Path],
    output: Path,
    jobs: int = -1,
    progress: Progress | None = None,
) -> Indexed:
    """`index_folder` for those files alone; others that the index holds are taken out of it.

    Raises
    ------
    LibraryError
    ModelError, AutotagError
    """
    _check_output(output)
    return _index(folder, files, [], output, jobs, progress)


def renew(
    index: Path,
    jobs: int = -1,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Indexed | None:
    """Make an index anew whose files were heard by another model or an earlier release.

    Parameters
    ----------
    index : Path
        The same files are listened to, those of them that are still there.
    jobs, progress
        As for `index_folder`.
    say : called with a line of text before that begins

    Returns
    -------
    Indexed or None
        None where it is good as it is.

    Raises
    ------
    LibraryError
        If there is no index, it is damaged, or none of its files is left.
    ModelError, AutotagError
    """
    try:
        if Library.load(index, Classifier.load().model.catalogue.likeness).is_current:
            return None
    except OtherModelError:
        pass
    files = [path for path in indexed_paths(index) if path.is_file()]
    say(
        f"The index in {index} is of another model or an earlier release. "
        f"Its {len(files)} files are listened to again."
    )
    return _index(index, files, [], index.absolute(), jobs, progress)


def _index(
    where: Path,
    files: Iterable[Path],
    skipped: list[Skipped],
    output: Path,
    jobs: int,
    progress: Progress | None,
    backend: str = "processes",
    *,
    is_shown: bool = False,
) -> Indexed:
    """Write the index of the files that are somewhere.

    What was heard of them when it is interrupted is kept: in the index itself, to be searched
    (`is_shown`), or beside it, where the last index alone knows which files there are.
    """
    with only_writer(output):
        likeness = Classifier.load().model.catalogue.likeness
        before = known_tracks(output, likeness)
        tracks, new = _parted(files, before, skipped)
        unchanged = len(tracks)

        def keep() -> None:
            if is_shown and tracks:
                replace_index(output, tracks, likeness)
            elif tracks[unchanged:]:
                set_aside(output, tracks[unchanged:], likeness)

        results = classify_many([path for path, _ in new], backend=backend, jobs=jobs)
        try:
            pairs = zip(new, results, strict=True)
            for done, ((path, status), result) in enumerate(pairs, start=1):
                if isinstance(result, AudioError):
                    skipped.append(Skipped(str(path), str(result)))
                elif result.genre is None:
                    skipped.append(Skipped(str(path), "This does not sound like music."))
                else:
                    tracks.append(_track(path, result, status, likeness))
                if progress is not None:
                    progress(done, len(new), path.name)
                if done % KEPT_EVERY == 0 and done < len(new):
                    keep()
        except KeyboardInterrupt:
            keep()
            raise
        if not tracks:
            raise LibraryError(f"{where} holds no music that GenreGenie can read.")
        replace_index(output, tracks, likeness)
    return Indexed(output, len(tracks), unchanged, tuple(skipped))


def _parted(
    files: Iterable[Path], before: Mapping[str, Track], skipped: list[Skipped]
) -> tuple[list[Track], list[tuple[Path, os.stat_result]]]:
    """What need not be heard again, and the files that are heard."""
    fast = Classifier.load().fast
    tracks: list[Track] = []
    new: list[tuple[Path, os.stat_result]] = []
    for path in files:
        try:
            status = path.stat()
        except OSError as error:
            skipped.append(Skipped(str(path), f"This file cannot be read: {reason(error)}."))
            continue
        known = before.get(valid_text(str(path)))
        if known is not None and known.is_as_it_was(status, fast=fast):
            tracks.append(known)
        else:
            new.append((path, status))
    return tracks, new


def _track(path: Path, result: Prediction, status: os.stat_result, likeness: Likeness) -> Track:
    return Track(
        _entry(path, result, status),
        direction_of(result, likeness),
        probabilities_of(result.autotags),
    )


def _check_output(output: Path) -> None:
    if output.exists() and not (output / LIBRARY_JSON).exists():
        raise LibraryError(f"{output} exists and is not an index. Choose another --output.")


def _files(folder: Path, output: Path) -> tuple[list[Path], list[Skipped]]:
    if not folder.is_dir():
        raise LibraryError(f"There is no folder {folder}.")
    everything, skipped = files_in(folder)
    found = [path for path in everything if output not in path.parents]
    if not found:
        raise LibraryError(f"{folder} holds no audio files.")
    return found, skipped


def _entry(path: Path, result: Prediction, status: os.stat_result) -> Entry:
    # Names of files need not be valid text; SQLite wants text.
    readable = valid_text(str(path))
    title = result.title or Path(readable).stem
    genre = result.genre or ""
    return Entry(
        readable,
        result.artist or "",
        title,
        genre,
        status.st_size,
        status.st_mtime_ns,
        is_sure=result.verdict == "confident",
        confidence=result.confidence,
        duration_s=result.duration_s,
        tempo_bpm=result.tempo_bpm if result.is_tempo_sure else None,
        musical_key=result.key if result.is_key_sure else None,
        year=_year(path),
    )


def _year(path: Path) -> int | None:
    """Of a file that was just heard, so that opening it ends no process."""
    try:
        with AudioFile(path) as audio:
            return int(audio.first_year) if audio.first_year else None
    except AudioError:  # it has gone since
        return None
