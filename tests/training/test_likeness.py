"""What is learnt of likeness from reference tracks."""

import numpy as np
import pytest

from genregenie.autotag.vocabulary import TAGS
from genregenie.datasets.gtzan import TAGGRAMS_NPZ
from genregenie.datasets.table import Table, read_columns, read_table
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.model.likeness import Likeness
from genregenie.training.calibration import catalogue
from genregenie.training.likeness import fit_axes


def drawn(rng: np.random.Generator, clips: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Timbre, tags and genre: a tag of each genre's own, a loud tag of none, timbre that hints."""
    label = np.arange(clips) % 3
    tags = rng.uniform(0.0, 0.1, size=(clips, TAGS))
    tags[:, 10] = rng.uniform(size=clips)
    tags[np.arange(clips), label] += 0.2
    away = rng.normal(size=(clips, VECTOR_WIDTH))
    away[np.arange(clips), label] += 2.0
    return away, tags, np.array(["blues", "jazz", "rock"])[label]


def test_axes_tell_genres_apart_and_leave_out_what_does_not():
    rng = np.random.default_rng(0)
    axes = fit_axes(*drawn(rng, 300))
    assert axes is not None
    assert axes.weights.shape == (TAGS, 2)
    away, tags, genre = drawn(rng, 60)
    places = axes.places(away, tags)
    nearest = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(nearest, np.inf)
    assert (genre[nearest.argmin(axis=1)] == genre).mean() > 0.95
    assert np.abs(axes.weights[10]).max() < 0.05 * np.abs(axes.weights[:3]).max()


def test_timbre_tells_where_an_unheard_clip_is_to_be_expected():
    rng = np.random.default_rng(0)
    axes = fit_axes(*drawn(rng, 300))
    away, tags, _ = drawn(rng, 60)
    heard, expected = axes.places(away, tags), axes.places(away, np.full_like(tags, np.nan))
    for axis in range(2):
        assert np.corrcoef(heard[:, axis], expected[:, axis])[0, 1] > 0.5


@pytest.mark.parametrize("heard", [0, 1, 3])
def test_too_few_clips_have_no_axes(heard):
    away, tags, genre = drawn(np.random.default_rng(0), 30)
    tags[heard:] = np.nan
    assert fit_axes(away, tags, genre) is None


def test_one_genre_has_no_axes():
    away, tags, genre = drawn(np.random.default_rng(0), 30)
    assert fit_axes(away, tags, np.full_like(genre, "rock")) is None


def published(gtzan) -> Table:
    """The clips of which the network's tags were published."""
    table = read_table(gtzan / "mfcc_statistics.npz")
    columns = read_columns(gtzan / TAGGRAMS_NPZ)
    known = np.isin(table.track, columns["track"])
    table = table.take(known)
    means = [columns["tags"][columns["track"] == track].mean(axis=0) for track in table.track]
    return Table(**{**vars(table), "autotags": np.array(means)})


def precision(alike: np.ndarray, references: Table, clips: Table) -> float:
    ten = np.argsort(-alike, axis=1)[:, :10]
    return float((references.genre[ten] == clips.genre[:, None]).mean())


def test_the_measured_choice_is_guarded(gtzan):
    """Of the ten nearest by other artists, how many are of the genre: benchmarks/neighbours.py."""
    table = published(gtzan)
    found: dict[str, list[float]] = {"used": [], "timbre": [], "unheard": []}
    for train, test in splits(table, GROUPED, 5, seed=0):
        references, clips = catalogue(table.take(train)), table.take(test)
        vectors = references.space.vectors(clips.rows)
        unheard = np.full_like(clips.autotags, np.nan)
        timbre = Likeness(references.likeness.centre)
        mine, theirs = (
            timbre.directions(v, a)
            for v, a in ((vectors, unheard), (references.vectors, references.autotags))
        )
        for name, alike in {
            "used": references.alike(vectors, clips.autotags),
            "unheard": references.alike(vectors, unheard),
            "timbre": mine @ theirs.T,
        }.items():
            found[name].append(precision(alike, table.take(train), clips))
    used, timbre, unheard = (np.mean(found[name]) for name in ("used", "timbre", "unheard"))
    assert used > 0.62
    assert used > unheard > timbre


@pytest.mark.parametrize("genres", [2, 3])
def test_there_is_an_axis_fewer_than_genres(genres):
    rng = np.random.default_rng(0)
    genre = np.repeat(np.arange(genres).astype(str), 10)
    autotags = rng.uniform(0.0, 0.3, (len(genre), 50)) + 0.2 * np.eye(50)[genre.astype(int)]
    away = rng.normal(size=(len(genre), 104))
    axes = fit_axes(away, autotags, genre)
    assert axes is not None
    unknown = np.full_like(autotags, np.nan)
    for tags in (autotags, unknown):
        assert axes.places(away, tags).shape == (len(genre), genres - 1)
