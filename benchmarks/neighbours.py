"""Which distance finds the same genre, and how fast neighbours are found.

    python benchmarks/neighbours.py [--rows 1000000]

The first table compares distances on the reference catalogue: of the ten nearest tracks by other
artists, how many are of the same genre (precision at 10, mean over genres). It needs the table of
statistics that the model was trained on. "Hub" is how often the track that is nearest to most is
among the ten nearest of others. The second table times one query, in one thread and on a library
drawn around the catalogue.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from genregenie.common import settings
from genregenie.datasets.table import read_table
from genregenie.features.tangent import row_covariances, row_means
from genregenie.inference.classifier import Classifier
from genregenie.recommend import library_index
from genregenie.recommend.acoustic import Acoustic, directions
from genregenie.recommend.library_index import Entry, Library, write_library

TEN = 10
BATCH = 50_000


def euclid(vectors: np.ndarray) -> np.ndarray:
    """Squared distances, shape (n, n)."""
    squares = (vectors**2).sum(axis=1)
    return squares[:, None] + squares - 2 * vectors @ vectors.T


def cosine(vectors: np.ndarray) -> np.ndarray:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return 1 - unit @ unit.T


def symmetrised_kl(means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Between Gaussians, up to a constant and a factor."""
    inverses = np.linalg.inv(covariances)
    trace = np.einsum("iab,jba->ij", inverses, covariances)
    away = means[:, None] - means[None]
    mahalanobis = np.einsum("ija,iab,ijb->ij", away, inverses, away)
    return trace + trace.T + mahalanobis + mahalanobis.T


def riemannian(covariances: np.ndarray) -> np.ndarray:
    """Squared affine-invariant distances between covariances."""
    whitening = np.linalg.inv(np.linalg.cholesky(covariances))
    rows = []
    for white in whitening:
        values = np.linalg.eigvalsh(white @ covariances @ white.T)
        rows.append((np.log(values) ** 2).sum(axis=1))
    return np.array(rows)


def compare_distances() -> None:
    """Print the table of precisions."""
    table = read_table(settings.training_data_dir() / "gtzan/mfcc_statistics.npz")
    vectors = Classifier.load().model.catalogue.space.vectors(table.rows)
    centred = vectors - vectors.mean(axis=0)
    axes, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    covariances = row_covariances(table.rows)
    candidates = {
        "cosine, from the mean of the catalogue": cosine(centred),
        "cosine": cosine(vectors),
        "cosine, axes half-whitened": cosine(axes * np.sqrt(sizes)),
        "cosine, axes whitened": cosine(axes),
        "Euclid": euclid(vectors),
        "Manhattan": np.abs(vectors[:, None] - vectors[None]).sum(axis=2),
        "Mahalanobis": euclid(axes),
        "symmetrised KL of the Gaussians": symmetrised_kl(row_means(table.rows), covariances),
        "affine-invariant, with the mean": riemannian(covariances) + euclid(vectors[:, :13]),
    }
    same_artist = table.groups[:, None] == table.groups
    print("| distance | precision at 10 | hub |\n|---|---|---|")
    for name, distances in candidates.items():
        ten = np.argsort(np.where(same_artist, np.inf, distances), axis=1, kind="stable")[:, :TEN]
        hits = (table.genre[ten] == table.genre[:, None]).mean(axis=1)
        score = np.mean([hits[table.genre == genre].mean() for genre in table.genres])
        print(f"| {name} | {score:.3f} | {np.bincount(ten.ravel()).max()} |", flush=True)


def draw_library(acoustic: Acoustic, vectors: np.ndarray, rows: int) -> np.ndarray:
    """Directions of tracks that lie around the catalogue's, shape (rows, 104)."""
    rng = np.random.default_rng(0)
    spread = np.linalg.cholesky(np.cov(vectors.T) + 1e-6 * np.eye(vectors.shape[1]))
    drawn = np.empty((rows, vectors.shape[1]), dtype=np.float32)
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        near = 0.7 * vectors[rng.integers(len(vectors), size=size)]
        noise = 0.6 * rng.standard_normal((size, len(spread))) @ spread.T
        drawn[start : start + size] = directions(near + noise, acoustic.centre)
    return drawn


def milliseconds(work: Callable[[int], object], repeats: int) -> float:
    work(0)
    times = []
    for number in range(repeats):
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return 1e3 * median(times)


def time_queries(rows: int) -> None:
    """Print the table of times."""
    catalogue = Classifier.load().model.catalogue
    acoustic = Acoustic(catalogue)
    print("\n| rows | how | one query (ms) | recall at 10 |\n|---|---|---|---|")
    shipped = milliseconds(lambda i: acoustic.nearest(catalogue.vectors[i]), 200)
    print(f"| {len(catalogue.vectors):,} | shipped catalogue, NumPy | {shipped:.2f} | 1 |")
    drawn = draw_library(acoustic, catalogue.vectors, rows)
    queries = catalogue.vectors + np.random.default_rng(1).normal(
        scale=0.2 * catalogue.vectors.std(axis=0), size=catalogue.vectors.shape
    )
    for size in sorted({library_index.EXACT_ROWS, rows}):
        entries = [Entry(f"/music/{i}.mp3", f"{i}", f"{i}", "rock", 0, 0) for i in range(size)]
        unit = directions(queries, acoustic.centre)
        with tempfile.TemporaryDirectory() as name:
            start = time.perf_counter()
            write_library(Path(name), entries, drawn[:size], acoustic.centre)
            built = time.perf_counter() - start
            opened = Library.load(Path(name), acoustic.centre)
            spent = milliseconds(lambda i, o=opened: o.nearest(queries[i]), 100)
            recalls = []
            for number in range(100):
                truth = np.argpartition(drawn[:size] @ unit[number], -TEN)[-TEN:]
                found = {int(Path(t.path or "").stem) for t in opened.nearest(queries[number], TEN)}
                recalls.append(len(found & set(truth.tolist())) / TEN)
        how = "FAISS, reranked" if size > library_index.EXACT_ROWS else "NumPy"
        print(f"| {size:,} | index, {how} | {spent:.2f} | {np.mean(recalls):.3f} |", flush=True)
    plain = milliseconds(lambda i: np.argpartition(drawn @ unit[i], -TEN), 20)
    print(f"| {rows:,} | NumPy alone, for comparison | {plain:.1f} | 1 |")
    print(f"\nwriting the index of {rows:,} rows took {built:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    compare_distances()
    time_queries(max(options.rows, library_index.EXACT_ROWS))
