"""Labelled clips and what the networks are given of each: arrays beside a table.

There are three sets. *slices* are 3 s each, *pictures* whole clips, and *heard* those whole clips
that the pretrained network has heard as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import AudioFile, Source
from genregenie.autotag.mel import WINDOW_S, patches, windows
from genregenie.autotag.network import check_installed, network
from genregenie.autotag.vocabulary import TAGS
from genregenie.common import settings
from genregenie.common.errors import DataError
from genregenie.datasets.gtzan import PICTURES_NPZ, STATISTICS_NPZ, TAGGRAMS_NPZ
from genregenie.datasets.table import Table, read_columns, read_table
from genregenie.lab.deep import pictures
from genregenie.lab.deep.pictures import Picture

Kind = Literal["slices", "pictures", "heard"]

TITLES: Final[Mapping[Kind, str]] = {
    "slices": "GTZAN, MFCC images of 3 s slices",
    "pictures": "GTZAN, mel spectrograms of 709 clips",
    "heard": "GTZAN, the clips that the pretrained network has heard",
}

MAX_WINDOWS: Final = 10
"""How many windows of 3 s of a clip the pretrained network has heard, at most."""

Inputs = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Clips:
    """Labelled clips, or slices of some.

    Attributes
    ----------
    kind : str
        One of `TITLES`.
    table : Table of n rows
        Its ``rows`` are numbers of clips and nothing to learn from.
    inputs : mapping of name to float32 array, shape (n, ...)
        ``slice (130, 13)``; or ``image (152, steps)``, ``sequence (steps, d)`` and, of what was
        heard, ``embedding (d,)`` and ``windows (10, 50)``.
    """

    kind: Kind
    table: Table
    inputs: Inputs

    def __len__(self) -> int:
        return len(self.table)

    def take(self, index: NDArray[np.intp]) -> Self:
        """Those at `index`."""
        chosen = {name: values[index] for name, values in self.inputs.items()}
        return replace(self, table=self.table.take(index), inputs=chosen)


def open_clips(kind: Kind) -> Clips:
    """A set of the published spectrograms.

    Raises
    ------
    DataError
        If the data is not at hand.
    AutotagError
        If clips are to be heard and the network cannot be used.
    """
    folder = settings.training_data_dir() / "gtzan"
    if not (folder / PICTURES_NPZ).exists():
        raise DataError(
            f"The spectrograms of '{TITLES[kind]}' are not on this machine. Set GENREGENIE_SHARED "
            f"to the folder whose data/gtzan/{PICTURES_NPZ} holds them, or give the folder of "
            "GTZAN's audio with --audio."
        )
    table = read_table(folder / STATISTICS_NPZ)
    columns = read_columns(folder / PICTURES_NPZ)
    shown = dict(zip(columns["track"].tolist(), columns["mel"], strict=True))
    known = np.array([track in shown for track in table.track.tolist()])
    table = table.take(known)
    mel = [pictures.published(shown[track]) for track in table.track.tolist()]
    if kind == "slices":
        return sliced(table, mel)
    clips = whole(table, mel)
    return clips if kind == "pictures" else heard(clips, folder)


def sliced(table: Table, mel: Sequence[Picture]) -> Clips:
    """Slices of 3 s of clips whose spectrograms are given."""
    cut = [pictures.slices_of(picture) for picture in mel]
    return of_slices(table, cut)


def of_slices(table: Table, cut: Sequence[NDArray[np.float32]]) -> Clips:
    """The set of slices, from those of each clip, shape (slices, 130, 13)."""
    clip = np.repeat(np.arange(len(table)), [len(slices) for slices in cut])
    return Clips("slices", _numbered(table.take(clip)), {"slice": np.concatenate(cut)})


def whole(table: Table, mel: Sequence[Picture]) -> Clips:
    """Whole clips whose spectrograms are given, all of one length."""
    parts = [whole_inputs(picture) for picture in mel]
    inputs = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    return Clips("pictures", _numbered(table), inputs)


def whole_inputs(picture: Picture) -> dict[str, NDArray[np.float32]]:
    """What the networks for whole clips see of a spectrogram: ``image`` and ``sequence``.

    Wavelets and chroma are taken before columns are shrunk.
    """
    levels = pictures.shrunk(picture)
    image = np.concatenate([levels, pictures.shrunk(pictures.chroma(picture))])
    moving = pictures.shrunk(pictures.wavelets(picture).T)
    cepstra = pictures.mfccs(levels, pictures.SEQUENCE_MFCCS)
    return {"image": image, "sequence": np.concatenate([cepstra, moving.T], axis=1)}


def heard(clips: Clips, folder: Path) -> Clips:
    """Those that the pretrained network has heard, with what it heard.

    Published are probabilities, a second apart, of the training clips; whatever audio lies beside
    them adds others, heard as any file is.
    """
    table = clips.table
    found: dict[str, NDArray[np.float32]] = {}
    path = folder / TAGGRAMS_NPZ
    if path.exists():
        published = read_columns(path)
        for track in np.unique(published["track"]).tolist():
            seconds = published["tags"][published["track"] == track]
            found[track] = spread_out(seconds[:: round(WINDOW_S)])
    for audio in sorted(folder.glob("audio/*/*.flac")):
        track = ".".join(audio.name.split(".")[:2])
        if track not in found:
            found[track] = windows_of(audio)
    known = np.array([i for i, track in enumerate(table.track.tolist()) if track in found])
    if not len(known):
        raise DataError(f"The network has heard none of these clips: there is no {path}.")
    own = np.stack([found[track] for track in table.track[known].tolist()])
    some = clips.take(known)
    return replace(
        some,
        kind="heard",
        inputs={**some.inputs, "embedding": own.mean(axis=1), "windows": own},
    )


def windows_of(source: Source) -> NDArray[np.float32]:
    """Probabilities that the pretrained network gives 3 s windows of a file, shape (10, 50).

    Raises
    ------
    AudioError
        If it cannot be used as audio.
    AutotagError
        If the network cannot be used.
    """
    check_installed()
    with AudioFile(source) as audio:
        found = [w for s in audio.stretches() for w in windows(s.start_s, s.blocks, WINDOW_S)]
    probabilities, _ = network().hear(patches(found))
    return spread_out(probabilities)


def spread_out(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ten of some rows, evenly spread; where there are fewer, some twice. None: zeros."""
    if not len(rows):
        return np.zeros((MAX_WINDOWS, TAGS), np.float32)
    chosen = np.linspace(0, len(rows) - 1, MAX_WINDOWS).round().astype(int)
    return np.asarray(rows[chosen], dtype=np.float32)


def _numbered(table: Table) -> Table:
    return replace(table, rows=np.arange(len(table), dtype=float)[:, None])
