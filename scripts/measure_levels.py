"""Measures how usual each autotag is: ``make levels``.

The reference clips are those of GTZAN that the network has heard: 443 by the published means, and
the other clips of which there is audio. What is written, models/musicnn/levels.npz, is 101
quantiles of each tag.
"""

from pathlib import Path
from typing import Final

import numpy as np

from genregenie.audio import AudioFile
from genregenie.autotag.mel import windows
from genregenie.autotag.network import network
from genregenie.common import resources, settings
from genregenie.common.arrays import Array

QUANTILES: Final = 101


def published(folder: Path) -> dict[str, Array]:
    """Mean probabilities by track."""
    with np.load(folder / "musicnn_taggrams.npz") as npz:
        tracks, tags = npz["track"], npz["tags"]
    return {str(track): tags[tracks == track].mean(axis=0) for track in np.unique(tracks)}


def heard(path: Path) -> Array:
    """Mean probabilities of a clip, from its sound."""
    with AudioFile(path) as audio:
        found = [
            window.patch
            for stretch in audio.stretches()
            for window in windows(stretch.start_s, stretch.blocks)
        ]
    probabilities, _ = network().hear(found)
    return np.asarray(probabilities.mean(axis=0), float)


def main() -> None:
    """Read, listen, and write the quantiles."""
    folder = settings.training_data_dir() / "gtzan"
    means = published(folder)
    for path in sorted((folder / "audio").glob("*/*.flac")):
        means.setdefault(".".join(path.name.split(".")[:2]), heard(path))
    levels = np.quantile(np.array(list(means.values())), np.linspace(0, 1, QUANTILES), axis=0)
    path = resources.models() / "musicnn" / "levels.npz"
    np.savez_compressed(path, quantiles=levels.astype(np.float32))
    print(f"{len(means)} clips, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
