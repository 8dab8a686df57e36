"""Things to recommend, and a Spotify to talk to."""

import numpy as np

from genregenie.autotag.vocabulary import TAGS, autotags, names
from genregenie.common.genres import GENRES
from genregenie.features.key import KEYS
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.inference.prediction import Prediction
from genregenie.model.catalogue import Catalogue
from genregenie.model.likeness import TagAxes, unit
from genregenie.model.space import TangentSpace
from genregenie.recommend.library_index import Entry
from genregenie.recommend.songs import Songs
from tests.spotify.conftest import clock, server, spotify, spotify_environment  # noqa: F401

UNHEARD = np.full(TAGS, np.nan)
"""The tags of a clip that the network has not heard."""


def make_tags(**levels: float) -> np.ndarray:
    """Probabilities of all tags, shape (50,), low but for some; ``_`` stands for a space."""
    probabilities = np.full(TAGS, 1e-4)
    for name, probability in levels.items():
        probabilities[names().index(name.replace("_", " "))] = probability
    return probabilities


def make_axes(seed: int = 0, count: int = 4) -> TagAxes:
    """Any axes."""
    rng = np.random.default_rng(seed)
    shapes = (TAGS,), (TAGS, count), (VECTOR_WIDTH, count), (count,)
    return TagAxes(*(rng.normal(size=shape) for shape in shapes))


def make_catalogue(
    tracks: list[tuple[str, str, str]],
    vectors: np.ndarray,
    tags: np.ndarray | None = None,
    axes: TagAxes | None = None,
) -> Catalogue:
    """A catalogue of (artist, title, genre) at given vectors."""
    artist, title, genre = (np.array(column) for column in zip(*tracks, strict=True))
    space = TangentSpace(np.zeros(13), np.eye(13), 1.0, 1.0, 0.0)
    tags = np.tile(UNHEARD, (len(vectors), 1)) if tags is None else tags
    return Catalogue(artist, title, genre, vectors, space, tags, axes)


def make_songs(count: int, seed: int = 0, tags: np.ndarray | None = None, **columns) -> Songs:
    """Songs of any sound, 2 to 6 minutes long, by some ten artists; `columns` say more of each."""
    rng = np.random.default_rng(seed)
    known = {
        "artist": [f"artist {n}" for n in rng.integers(10, size=count)],
        "genre": rng.choice(GENRES, size=count).tolist(),
        "duration_s": rng.uniform(120, 360, size=count).tolist(),
        "tempo_bpm": [t if t > 70 else None for t in rng.uniform(50, 180, size=count).tolist()],
        "musical_key": [None if k == 24 else KEYS[k] for k in rng.integers(25, size=count)],
        "confidence": rng.uniform(0.2, 1.0, size=count).tolist(),
        "is_sure": (rng.uniform(size=count) < 0.5).tolist(),
    } | columns
    entries = [
        Entry(
            path=f"/music/{i % 7}/{i}.mp3",
            title=f"song {chr(97 + i // 26 % 26)}{chr(97 + i % 26)}{i}",
            size=1,
            changed_ns=2,
            **{name: column[i] for name, column in known.items()},
        )
        for i in range(count)
    ]
    directions = unit(rng.normal(size=(count, 12)))
    return Songs(entries, directions, np.tile(make_tags(), (count, 1)) if tags is None else tags)


def around(rng: np.random.Generator, centre: np.ndarray, spread: float) -> np.ndarray:
    return centre + spread * rng.normal(size=VECTOR_WIDTH)


def make_prediction(
    vector: np.ndarray | None = None, tags: np.ndarray | None = None, **confidences: float
) -> Prediction:
    """A prediction of these confidences for a clip at `vector`, with these tags heard."""
    rest = (1.0 - sum(confidences.values())) / (len(GENRES) - len(confidences))
    full = {genre: confidences.get(genre, rest) for genre in GENRES}
    best = max(full, key=lambda genre: full[genre])
    return Prediction(
        genre=best,
        verdict="confident",
        confidence=full[best],
        confidences=full,
        timeline=(),
        duration_s=30.0,
        analysed_s=30.0,
        neighbours=(),
        title=None,
        artist=None,
        vector=np.empty(0) if vector is None else vector,
        autotags=() if tags is None else autotags(tags),
    )
