"""Which measure of likeness finds what sounds alike, and how fast neighbours are found.

    python benchmarks/neighbours.py [--rows 1000000] [PART ...]

``likeness`` compares measures on the clips of which the network's autotags are known. Whatever a
measure learns, it learns from other artists than the clips that it is then asked about. Of the ten
and six nearest by other artists, how many are of the genre (mean over genres); where the artist's
own are allowed, how many of the ten are by the same artist; "hub" is how often the track that is
nearest to most is among ten. "Library" is the same in a library nobody learnt from: fitted to half
of the artists, asked among the other half. ``map`` is how much of that is left on the map of the
reference tracks, for them and for new songs. ``but`` is what *calmer* and the like come to.
``speed`` times one query, in one thread and on a library drawn around the catalogue.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from genregenie.autotag.qualities import WORDS, Change
from genregenie.autotag.vocabulary import level_of
from genregenie.common import settings
from genregenie.datasets.gtzan import read_gtzan
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.features.tangent import VECTOR_WIDTH, row_covariances, row_means
from genregenie.inference.classifier import Classifier
from genregenie.model.catalogue import Catalogue
from genregenie.model.likeness import Directions, unit
from genregenie.model.map import NEAREST
from genregenie.recommend import library_index
from genregenie.recommend.acoustic import Acoustic
from genregenie.recommend.library_index import Entry, Library
from genregenie.recommend.writing import write_library
from genregenie.training.calibration import catalogue
from genregenie.training.map import fit_map

TEN, SIX = 10, 6
BATCH = 50_000

Matrix = np.ndarray
Embed = Callable[[Table], Matrix]
Fit = Callable[[Table], Embed]
Compare = Callable[[Matrix, Matrix], Matrix]


# --- ways to put clips into a space, learnt from a table, and to compare them there ----------


def timbre(table: Table) -> Embed:
    references = catalogue(replace(table, autotags=None))
    centre = references.likeness.centre
    return lambda clips: references.space.vectors(clips.rows) - centre


def tags(table: Table) -> Embed:
    return lambda clips: clips.autotags


def levels(table: Table) -> Embed:
    return lambda clips: level_of(clips.autotags)


def centred(fit: Fit) -> Fit:
    def fitted(table: Table) -> Embed:
        embed = fit(table)
        centre = embed(table).mean(axis=0)
        return lambda clips: embed(clips) - centre

    return fitted


def standardised(fit: Fit) -> Fit:
    def fitted(table: Table) -> Embed:
        embed = centred(fit)(table)
        scale = embed(table).std(axis=0) + 1e-9
        return lambda clips: embed(clips) / scale

    return fitted


def axes(fit: Fit) -> Fit:
    """Discriminant axes of the genres."""

    def fitted(table: Table) -> Embed:
        embed = standardised(fit)(table)
        model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3)
        model.fit(embed(table), table.genre)
        return lambda clips: model.transform(embed(clips))

    return fitted


def joined(*parts: tuple[float, Fit]) -> Fit:
    """Directions side by side; the squares of their lengths are the shares."""

    def fitted(table: Table) -> Embed:
        embeds = [(np.sqrt(share), fit(table)) for share, fit in parts]
        return lambda clips: np.hstack([root * unit(embed(clips)) for root, embed in embeds])

    return fitted


def used(table: Table) -> Embed:
    """What neighbours are found by."""
    references = catalogue(table)
    return lambda clips: references.likeness.directions(
        references.space.vectors(clips.rows), clips.autotags
    )


def unheard(table: Table) -> Embed:
    """The same for clips that the network has not heard."""
    embed = used(table)
    return lambda clips: embed(replace(clips, autotags=np.full_like(clips.autotags, np.nan)))


def rows(table: Table) -> Embed:
    return lambda clips: clips.rows


def cosine(a: Matrix, b: Matrix) -> Matrix:
    return unit(a) @ unit(b).T


def euclid(a: Matrix, b: Matrix) -> Matrix:
    return -((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T)


def symmetrised_kl(a: Matrix, b: Matrix) -> Matrix:
    """Between Gaussians, up to a constant and a factor."""
    (mean_a, cov_a), (mean_b, cov_b) = ((row_means(r), row_covariances(r)) for r in (a, b))
    inverse_a, inverse_b = np.linalg.inv(cov_a), np.linalg.inv(cov_b)
    trace = np.einsum("iab,jba->ij", inverse_a, cov_b) + np.einsum("iab,jba->ij", cov_a, inverse_b)
    away = mean_a[:, None] - mean_b[None]
    far_a = np.einsum("ija,iab,ijb->ij", away, inverse_a, away, optimize=True)
    return -(trace + far_a + np.einsum("ija,jab,ijb->ij", away, inverse_b, away, optimize=True))


MEASURES: dict[str, tuple[Fit, Compare]] = {
    "timbre, cosine from the mean": (timbre, cosine),
    "timbre, Euclid": (timbre, euclid),
    "timbre, symmetrised KL of the Gaussians": (rows, symmetrised_kl),
    "timbre, discriminant axes, cosine": (axes(timbre), cosine),
    "timbre, half plain and half axes": (joined((0.5, timbre), (0.5, axes(timbre))), cosine),
    "tags, Euclid": (tags, euclid),
    "tags, cosine": (tags, cosine),
    "tags, cosine from the mean": (centred(tags), cosine),
    "tags, standardised, Euclid": (standardised(tags), euclid),
    "tags, standardised, cosine": (standardised(tags), cosine),
    "tags, levels, cosine from the mean": (centred(levels), cosine),
    "tags, discriminant axes, cosine": (axes(tags), cosine),
    "half timbre, half tags": (joined((0.5, timbre), (0.5, centred(tags))), cosine),
    "half timbre, half axes of tags (used)": (used, cosine),
    "a third timbre, the rest axes of tags": (
        joined((1 / 3, timbre), (2 / 3, axes(tags))),
        cosine,
    ),
    "a third each: timbre, tags, their axes": (
        joined((1 / 3, timbre), (1 / 3, centred(tags)), (1 / 3, axes(tags))),
        cosine,
    ),
    "half axes of timbre, half axes of tags": (
        joined((0.5, axes(timbre)), (0.5, axes(tags))),
        cosine,
    ),
    "used, without the network": (unheard, cosine),
}


# --- how good they are -----------------------------------------------------------------------


def asked(table: Table, fit: Fit, compare: Compare) -> Iterator[tuple[Matrix, Matrix, Matrix]]:
    """How alike held-out clips and all others are: clips, references and a matrix, ten folds."""
    for seed in range(2):
        for train, test in splits(table, GROUPED, 10, seed=seed):
            embed = fit(table.take(train))
            yield test, train, compare(embed(table.take(test)), embed(table))


def of_genres(hits: Matrix, genre: Matrix) -> float:
    """The mean over genres of a mean over clips, NaN left out."""
    return float(np.mean([np.nanmean(hits[genre == g]) for g in np.unique(genre)]))


def nearest(alike: Matrix, count: int) -> Matrix:
    return np.argsort(-alike, axis=1, kind="stable")[:, :count]


def score(table: Table, queries: Matrix, fit: Fit, compare: Compare) -> list[str]:
    """A measure's row of the table, asked about the clips at `queries`."""
    same = table.groups[:, None] == table.groups
    genre, hub = [], np.zeros(len(table), dtype=int)
    hits: dict[str, list[Matrix]] = {"10": [], "6": [], "artist": [], "library": [], "own": []}
    for test, train, alike in asked(table, fit, compare):
        inside = queries[test]
        test, alike = test[inside], alike[inside]
        genre.append(table.genre[test])
        found = train[nearest(alike[:, train], TEN)]
        np.add.at(hub, found.ravel(), 1)
        for count in (TEN, SIX):
            hits[str(count)].append(
                (table.genre[found[:, :count]] == genre[-1][:, None]).mean(axis=1)
            )
        alike[np.arange(len(test)), test] = -np.inf
        own = same[test[:, None], nearest(alike, TEN)].mean(axis=1)
        hits["artist"].append(np.where(same[test].sum(axis=1) > 1, own, np.nan))
    genres = {name: np.concatenate(genre) for name in ("10", "6", "artist")}
    mine = []
    for seed in range(2):
        for train, test in splits(table, GROUPED, 2, seed=seed):
            test = test[queries[test]]
            clips = table.take(test)
            places = fit(table.take(train))(clips)
            alike = compare(places, places)
            np.fill_diagonal(alike, -np.inf)
            apart = same[np.ix_(test, test)]
            own = apart[np.arange(len(test))[:, None], nearest(alike, TEN)].mean(axis=1)
            hits["own"].append(np.where(apart.sum(axis=1) > 1, own, np.nan))
            found = nearest(np.where(apart, -np.inf, alike), TEN)
            hits["library"].append((clips.genre[found] == clips.genre[:, None]).mean(axis=1))
            mine.append(clips.genre)
    genres |= {name: np.concatenate(mine) for name in ("library", "own")}
    means = [of_genres(np.concatenate(hits[name]), genres[name]) for name in hits]
    cells = [f"{mean:.3f}" for mean in means]
    return [*cells[:3], str(hub.max() // 2), *cells[3:]]


def compare_measures(table: Table) -> None:
    """Print the table of measures."""
    known = ~np.isnan(table.autotags).any(axis=1)
    heard = table.take(known)
    print(f"\n{len(heard)} clips that the network has heard\n")
    print("| measure | genre, 10 | genre, 6 | artist | hub | library: genre | artist |")
    print("|---|---|---|---|---|---|---|")
    for name, (fit, compare) in MEASURES.items():
        cells = score(heard, np.ones(len(heard), dtype=bool), fit, compare)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    everything = np.ones(len(table), dtype=bool)
    for name, queries, fit in (
        ("used, among all of them", known, used),
        ("used, without the network", everything, unheard_queries),
        ("timbre alone", everything, timbre),
    ):
        cells = score(table, queries, fit, cosine)
        print(f"| all {len(table)}: {name} | {' | '.join(cells)} |", flush=True)


def unheard_queries(table: Table) -> Embed:
    """Clips that the table has not are unheard; its own are as they are."""
    embed, without = used(table), unheard(table)
    own = set(table.track.tolist())

    def embedded(clips: Table) -> Matrix:
        is_own = np.array([track in own for track in clips.track.tolist()])
        return np.where(is_own[:, None], embed(clips), without(clips))

    return embedded


def tag_axes(table: Table) -> Embed:
    """The half of what is used that tells genres."""
    embed = used(table)
    return lambda clips: embed(clips)[:, VECTOR_WIDTH:]


MAPPED: dict[str, tuple[Fit, Fit]] = {
    "timbre, cosine from the mean": (timbre, timbre),
    "axes of tags, or what timbre lets expect": (tag_axes, tag_axes),
    "half timbre, half axes of tags (used)": (used, used),
    "used, new songs heard without the network": (used, unheard_queries),
}
"""Spaces of maps: what the tracks are laid out by, and what new songs are placed by."""


def compare_maps(table: Table) -> None:
    """Print how often the ten nearest on a map, by other artists, are of the genre."""
    print(f"\n{len(table)} tracks\n")
    by = [1, 3, NEAREST, 10]
    print(f"| map | in its space | on the map | {' | '.join(f'new, by {k}' for k in by)} |")
    print("|---" * (3 + len(by)) + "|")
    for name, (fit, place) in MAPPED.items():
        where = unit(fit(table)(table))
        same = table.groups[:, None] == table.groups
        cells = [
            of_genres((table.genre[found] == table.genre[:, None]).mean(axis=1), table.genre)
            for alike in (cosine(where, where), euclid(*[fit_map(where).positions] * 2))
            for found in [nearest(np.where(same, -np.inf, alike), TEN)]
        ]
        hits: dict[int, list[Matrix]] = {k: [] for k in by}
        genre = []
        for train, test in splits(table, GROUPED, 5, seed=0):
            tracks, songs = table.take(train), table.take(test)
            tracks_at = unit(fit(tracks)(tracks))
            alike = cosine(place(tracks)(songs), tracks_at)
            drawn = fit_map(tracks_at)
            for k in by:
                found = nearest(euclid(drawn.place(alike, k), drawn.positions), TEN)
                hits[k].append((tracks.genre[found] == songs.genre[:, None]).mean(axis=1))
            genre.append(songs.genre)
        cells += [of_genres(np.concatenate(hits[k]), np.concatenate(genre)) for k in by]
        print(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in cells)} |", flush=True)


def compare_changes(table: Table) -> None:
    """Print what each word does to the six neighbours by other artists."""
    heard = table.take(~np.isnan(table.autotags).any(axis=1))
    directions = used(heard)(heard)
    alike = (directions @ directions.T).astype(float)
    print("\n| word | more of it: without | with | alike: without | with | six found |")
    print("|---|---|---|---|---|---|")
    for word in WORDS:
        changes = [Change.of([word], tags) for tags in heard.autotags]
        amounts = np.array([change.start[0] for change in changes])
        cells, full = [], 0
        for clip, change in enumerate(changes):
            plain = six(heard, clip, alike[clip])
            changed = six(heard, clip, change.fit(alike[clip], heard.autotags))
            full += len(changed) == SIX
            if changed:
                more, near = amounts - amounts[clip], alike[clip]
                cells.append(
                    [v[places].mean() for v in (more, near) for places in (plain, changed)]
                )
        more, more_with, near, near_with = np.mean(cells, axis=0)
        print(
            f"| {word} | {more:+.2f} | {more_with:+.2f} | {near:.2f} | {near_with:.2f} "
            f"| {full / len(heard):.0%} |",
            flush=True,
        )


def six(table: Table, clip: int, fit: Matrix) -> list[int]:
    """The best fitting by six other artists."""
    seen, found = {table.groups[clip]}, []
    for place in np.argsort(-fit, kind="stable").tolist():
        if fit[place] == -np.inf or len(found) == SIX:
            break
        if table.groups[place] not in seen:
            seen.add(table.groups[place])
            found.append(place)
    return found


# --- how fast they are -----------------------------------------------------------------------


def draw_library(references: Catalogue, rows: int) -> tuple[Directions, Matrix]:
    """Directions and tags of tracks that lie around the catalogue's, float32 and float16."""
    rng = np.random.default_rng(0)
    vectors, tags = references.vectors, references.autotags
    spread = np.linalg.cholesky(np.cov(vectors.T) + 1e-6 * np.eye(vectors.shape[1]))
    drawn = np.empty((rows, references.likeness.width), dtype=np.float32)
    heard = np.empty((rows, tags.shape[1]), dtype=np.float16)
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        near = rng.integers(len(vectors), size=size)
        noise = 0.6 * rng.standard_normal((size, len(spread))) @ spread.T
        louder = np.exp(0.5 * rng.standard_normal((size, tags.shape[1])))
        heard[start : start + size] = np.minimum(tags[near] * louder, 1.0)
        drawn[start : start + size] = references.likeness.directions(
            0.7 * vectors[near] + noise, heard[start : start + size].astype(float)
        )
    return drawn, heard


def milliseconds(work: Callable[[int], object], repeats: int) -> float:
    work(0)
    times = []
    for number in range(repeats):
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return 1e3 * median(times)


def memory_of(index: Path) -> str:
    """What a process of its own has in memory more, once it has opened an index and asked it a
    hundred times: all of it, and what of that is not the files themselves, mapped."""
    code = (
        "import sys, numpy as np, pathlib, faiss\n"
        "from genregenie.inference.classifier import Classifier\n"
        "from genregenie.recommend.library_index import Library\n"
        "def now():\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    kb = {l.split(':')[0]: int(l.split()[1]) for l in lines if l.endswith(' kB')}\n"
        "    return np.array([kb['VmRSS'], kb['RssAnon']]) / 1024\n"
        "catalogue = Classifier.load().model.catalogue\n"
        "directions = catalogue.directions[:100]; before = now()\n"
        "library = Library.load(pathlib.Path(sys.argv[1]), catalogue.likeness)\n"
        "for direction in directions: library.nearest(direction)\n"
        "print('{:.0f}, {:.0f} of its own'.format(*(now() - before)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(index)], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def time_queries(references: Catalogue, rows: int) -> None:
    """Print the table of times."""
    likeness, acoustic = references.likeness, Acoustic(references)
    print(
        "\n| rows | how | one query (ms) | recall at 10 | on disk (MB) | opened (MB) | built (s) |"
    )
    print("|---|---|---|---|---|---|---|")
    shipped = milliseconds(lambda i: acoustic.nearest(references.directions[i]), 200)
    print(f"| {len(references.vectors):,} | shipped catalogue, NumPy | {shipped:.2f} | 1 | | | |")
    drawn, heard = draw_library(references, rows)
    vectors = references.vectors
    away = np.random.default_rng(1).normal(scale=0.2 * vectors.std(axis=0), size=vectors.shape)
    queries = likeness.directions(vectors + away, references.autotags)
    for size in sorted({library_index.EXACT_ROWS, rows}):
        entries = [Entry(f"/music/{i}.mp3", f"{i}", f"{i}", "rock", 0, 0) for i in range(size)]
        with tempfile.TemporaryDirectory() as name:
            start = time.perf_counter()
            write_library(Path(name), entries, drawn[:size], heard[:size], likeness)
            built = time.perf_counter() - start
            disk = sum(file.stat().st_size for file in Path(name).iterdir()) / 2**20
            opened_mb = memory_of(Path(name))
            opened = Library.load(Path(name), likeness)
            spent = milliseconds(lambda i, o=opened: o.nearest(queries[i]), 100)
            recalls = []
            for query in queries[:100]:
                truth = np.argpartition(drawn[:size] @ query, -TEN)[-TEN:]
                found = {int(Path(t.path or "").stem) for t in opened.nearest(query, TEN)}
                recalls.append(len(found & set(truth.tolist())) / TEN)
        how = "FAISS, reranked" if size > library_index.EXACT_ROWS else "NumPy"
        print(
            f"| {size:,} | index, {how} | {spent:.2f} | {np.mean(recalls):.3f} "
            f"| {disk:.0f} | {opened_mb} | {built:.0f} |",
            flush=True,
        )
    plain = milliseconds(lambda i: np.argpartition(drawn @ queries[i], -TEN), 20)
    print(f"| {rows:,} | NumPy alone, for comparison | {plain:.1f} | 1 | | | |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    wanted = options.parts or ["likeness", "map", "but", "speed"]
    if {"likeness", "map", "but"} & set(wanted):
        clips = read_gtzan(settings.training_data_dir() / "gtzan")
    if "likeness" in wanted:
        compare_measures(clips)
    if "map" in wanted:
        compare_maps(clips)
    if "but" in wanted:
        compare_changes(clips)
    if "speed" in wanted:
        reference_tracks = Classifier.load().model.catalogue
        time_queries(reference_tracks, max(options.rows, library_index.EXACT_ROWS))
