"""The networks' inputs from GTZAN's own audio, as they were published: 22 050 Hz, by librosa.

``genres_original/<genre>/*.wav`` is the layout that everybody has. Spectra, chroma, MFCCs and
wavelets are computed at 43 columns a second as published; the networks for whole clips then see
means of ten columns, 4.3 a second, as they do of the published spectrograms. Computed once, they
are kept in the data folder.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import RATE_HZ, AudioFile, Samples
from genregenie.audio.parallel import in_processes
from genregenie.autotag.network import check_installed
from genregenie.common import settings
from genregenie.common.errors import AudioError, DataError
from genregenie.common.files import replacing
from genregenie.datasets.table import Table
from genregenie.lab.deep import pictures
from genregenie.lab.deep.clips import Clips, Kind, of_slices, windows_of
from genregenie.lab.deep.vggish import embedding as vggish_embedding
from genregenie.lab.tables import read_csv

LENGTH_S: Final = 30.0
"""Clips are brought to this length: longer ones are cut, shorter ones go round again."""

_HOP: Final = 512
_FRAMES: Final = 1_290  # of whole frames in 30 s, a multiple of `_SHRUNK`
_SHRUNK: Final = 10
_WAVELET: Final = "db4"
_WAVELET_LEVELS: Final = 7
_SUFFIXES: Final = {".wav", ".au", ".flac", ".mp3", ".ogg"}
_MIN_GENRES: Final = 2

Say = Callable[[str], None]
Features = dict[str, NDArray[np.float32]]


def opener(
    folder: Path, vggish: Path | None = None, jobs: int = -1, say: Say = lambda _: None
) -> Callable[[Kind], Clips]:
    """A function from the kind of a set to the set, of the audio in a folder.

    Parameters
    ----------
    folder : Path
        With a folder for each genre in it, or in its ``genres_original``.
    vggish : path, optional
        A VGGish network as ONNX, whose embeddings stand in musicnn's place.
    jobs : int
        Processes; -1 for one per core.
    say : callable
        Told which files are left out, and how far it is.

    Raises
    ------
    DataError
        If the folder is not laid out like GTZAN, or librosa or PyWavelets is missing.
    """
    files = layout(folder)
    for library in ("librosa", "pywt"):
        _library(library)
    table, features = _features(files, vggish, jobs, say)

    def opened(kind: Kind) -> Clips:
        if kind == "slices":
            return of_slices(table, features["slices"])
        inputs = {name: np.stack(features[name]) for name in ("image", "sequence")}
        if kind == "heard":
            inputs["embedding"] = np.stack(features["embedding"])
            inputs["windows"] = np.stack(features["windows"])
        numbered = replace(table, rows=np.arange(len(table), dtype=float)[:, None])
        return Clips(kind, numbered, inputs)

    return opened


def layout(folder: Path) -> list[Path]:
    """The audio files of a folder laid out like GTZAN, in order.

    Raises
    ------
    DataError
        If it is not.
    """
    root = folder / "genres_original" if (folder / "genres_original").is_dir() else folder
    if not root.is_dir():
        raise DataError(f"There is no folder {folder}.")
    files = sorted(f for f in root.glob("*/*") if f.suffix.lower() in _SUFFIXES)
    if len({file.parent.name for file in files}) < _MIN_GENRES:
        raise DataError(
            f"{folder} is not laid out like GTZAN, which has a folder for each genre: "
            "genres_original/blues/blues.00000.wav and so on."
        )
    return files


def features_of(file: Path, vggish: Path | None = None) -> Features:
    """What the networks are given of a file.

    Raises
    ------
    AudioError
        If it cannot be used as audio.
    """
    with AudioFile(file) as audio:
        samples = np.concatenate([block for s in audio.stretches() for block in s.blocks])
    samples = np.resize(samples, round(LENGTH_S * RATE_HZ))
    windows = windows_of((samples, RATE_HZ))
    own = windows.mean(axis=0) if vggish is None else vggish_embedding(samples, vggish)
    image, sequence = whole_clip(samples)
    return {
        "slices": mfcc_slices(samples),
        "image": image,
        "sequence": sequence,
        "windows": windows,
        "embedding": own.astype(np.float32),
    }


def mfcc_slices(samples: Samples) -> NDArray[np.float32]:
    """13 MFCCs of each slice of 3 s, shape (slices, 130, 13), as system B had them."""
    librosa = _library("librosa")
    length = round(pictures.SLICE_S * RATE_HZ)
    found = []
    for start in range(0, len(samples) - length + 1, length):
        cepstra = librosa.feature.mfcc(
            y=samples[start : start + length],
            sr=RATE_HZ,
            n_mfcc=pictures.SLICE_MFCCS,
            n_fft=2_048,
            hop_length=_HOP,
        )
        found.append(cepstra.T[: pictures.SLICE_FRAMES])
    return np.stack(found).astype(np.float32)


def whole_clip(samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The picture and the sequence of a clip, as system E had them but for the columns' width.

    Returns
    -------
    image : float32 array, shape (152, 129)
        128 mel bands in dB under the maximum, and 24 chroma bins.
    sequence : float32 array, shape (129, 48)
        40 MFCCs, and the energy of the clip's wavelet coefficients on 8 scales, in dB.
    """
    librosa = _library("librosa")
    mel = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, n_fft=2_048, hop_length=_HOP)
    levels = librosa.power_to_db(mel, ref=np.max)
    chroma = librosa.feature.chroma_stft(
        y=samples, sr=RATE_HZ, hop_length=_HOP, n_chroma=pictures.CHROMA_BINS
    )
    cepstra = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=pictures.SEQUENCE_MFCCS)
    image = _shrunk(np.concatenate([levels, chroma]))
    cepstra = cepstra[:, :_FRAMES]
    sequence = _shrunk(np.concatenate([cepstra, wavelet_energies(samples)])).T
    return image, np.ascontiguousarray(sequence)


def wavelet_energies(samples: Samples) -> NDArray[np.float32]:
    """Energy of each scale's wavelet coefficients at 43 columns a second, dB, shape (8, frames)."""
    pywt = _library("pywt")
    found = []
    for level in pywt.wavedec(samples, _WAVELET, level=_WAVELET_LEVELS):
        edges = np.linspace(0, len(level), _FRAMES + 1).astype(int)
        sums = np.add.reduceat(np.square(level, dtype=float), edges[:-1])
        energy = sums / np.maximum(np.diff(edges), 1)
        found.append(10 * np.log10(np.maximum(energy, 1e-10)))
    return np.array(found, dtype=np.float32)


def _shrunk(columns: NDArray[Any]) -> NDArray[np.float32]:
    whole = columns[:, :_FRAMES]
    return whole.reshape(len(columns), -1, _SHRUNK).mean(axis=2).astype(np.float32)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DataError(
            f"Listening to audio as it was published needs {name}: pip install 'genregenie[deep]'."
        ) from error


def _features(
    files: Sequence[Path], vggish: Path | None, jobs: int, say: Say
) -> tuple[Table, dict[str, list[NDArray[np.float32]]]]:
    """Table and features of all files that can be used, computed or as they were kept."""
    check_installed()
    place = settings.data_dir() / "lab-audio" / f"{_mark(files, vggish)}.npz"
    names = ("slices", "image", "sequence", "windows", "embedding")
    if place.exists():
        with np.load(place, allow_pickle=False) as kept:
            used = [files[i] for i in kept["used"].tolist()]
            found: dict[str, list[Any]] = {name: list(kept[name]) for name in names}
        say(f"{len(used)} files, as they were listened to before")
        return _table(used), found
    found = {name: [] for name in names}
    numbers = []
    results = in_processes(partial(features_of, vggish=vggish), files, jobs)
    for number, (file, result) in enumerate(zip(files, results, strict=True)):
        if isinstance(result, AudioError):
            say(f"{file.name} is left out: {result}")
            continue
        numbers.append(number)
        for name in names:
            found[name].append(result[name])
        if len(numbers) % 50 == 0:
            say(f"{len(numbers)} of {len(files)} files listened to")
    used = [files[number] for number in numbers]
    if len({file.parent.name for file in used}) < _MIN_GENRES:
        raise DataError("Too few of these files can be used as audio to tell genres apart.")
    with replacing(place) as draft, draft.open("wb") as out:
        stacked: dict[str, Any] = {name: np.stack(values) for name, values in found.items()}
        np.savez(out, used=np.array(numbers), **stacked)
    return _table(used), found


def _mark(files: Sequence[Path], vggish: Path | None) -> str:
    """A name for what is kept of these files, as they are now."""
    every = [*files, *([vggish] if vggish else [])]
    about = [[str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns] for file in every]
    return hashlib.sha256(json.dumps([1, about]).encode()).hexdigest()[:16]


def _table(files: Sequence[Path]) -> Table:
    """Genre, artist, title and fold of each file; the last three where GTZAN's list is at hand."""
    tracks = np.array([".".join(file.name.split(".")[:2]) for file in files])
    path = settings.training_data_dir() / "gtzan" / "tracks.csv"
    known: dict[str, dict[str, str]] = {}
    if path.exists():
        columns = read_csv(path)
        for i, clip in enumerate(columns["clip"]):
            known[clip] = {name: values[i] for name, values in columns.items()}

    def column(name: str) -> NDArray[np.str_]:
        return np.array([known.get(track, {}).get(name, "") for track in tracks.tolist()])

    return Table(
        track=tracks,
        genre=np.array([file.parent.name.lower() for file in files]),
        artist=column("artist"),
        title=column("title"),
        fold=column("kereliuk_split"),
        rows=np.arange(len(files), dtype=float)[:, None],
    )
