"""Small labelled tables, easy enough that a sound model scores far above chance."""

import numpy as np

from genregenie.datasets.table import Table
from genregenie.features.tangent import as_rows

GENRES = ("ambient", "dub", "techno")


def make_table(
    clips: int = 24,
    artists: int = 6,
    genres: int = 3,
    unknown: int = 0,
    seed: int = 0,
    spread: float = 1.0,
) -> Table:
    """`clips` clips for each of `genres` genres, by `artists` artists each.

    The wider the `spread` of clips within a genre, the harder genres are to tell apart.
    """
    styles, rng = np.random.default_rng(123), np.random.default_rng(seed)
    mean, cov, genre, artist = [], [], [], []
    for g in range(genres):
        centre = styles.normal(size=13) * 4
        shape = styles.normal(size=(13, 13))
        for c in range(clips):
            frames = rng.normal(size=(300, 13)) @ (shape + 0.3 * spread * rng.normal(size=(13, 13)))
            mean.append(centre + frames.mean(axis=0) + spread * rng.normal(size=13))
            cov.append(np.cov(frames.T))
            genre.append(GENRES[g])
            artist.append(f"{GENRES[g]} artist {c % artists}")
    artist[:unknown] = [""] * unknown
    n = len(genre)
    return Table(
        track=np.array([f"t{i:03d}" for i in range(n)]),
        genre=np.array(genre),
        artist=np.array(artist),
        title=np.array([f"Song {i}" for i in range(n)]),
        fold=np.full(n, ""),
        rows=as_rows(np.array(mean), np.array(cov), [300] * n),
    )
