"""Measures the map of a big library: ``python benchmarks/music_map.py [SONGS] [WIDTH]``.

The songs are made up: between two reference tracks each, so that they lie as music does. What is
printed: seconds to make the page, its size, and how long one drawing takes in Chromium, which has
no graphics card to help it on most machines that tests run on. A frame has 16.7 ms.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from genregenie.common.names import artist_key
from genregenie.features.key import KEYS
from genregenie.inference.classifier import Classifier
from genregenie.model.likeness import unit
from genregenie.model.model import Model
from genregenie.recommend.library_index import Entry
from genregenie.recommend.library_map import write_map
from genregenie.recommend.songs import Songs

DRAW_MS = """async () => {
  const times = [];
  for (let i = 0; i < 40; i++) {
    await new Promise(requestAnimationFrame);
    const begun = performance.now();
    moveBy(i % 2 ? 7 : -7, i % 2 ? 5 : -5);
    draw();
    paper.getImageData(0, 0, 1, 1);  // all is drawn when this is known
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b);
}"""


def made_up(model: Model, count: int) -> Songs:
    """So many songs that sound like music, each between two reference tracks."""
    rng = np.random.default_rng(0)
    catalogue = model.catalogue
    first = rng.integers(len(catalogue.genre), size=count)
    second = rng.integers(len(catalogue.genre), size=count)
    share = rng.uniform(0.55, 1.0, size=(count, 1))
    noise = 0.02 * rng.normal(size=(count, catalogue.directions.shape[1]))
    mixed = share * catalogue.directions[first] + (1 - share) * catalogue.directions[second]
    tags = share * catalogue.autotags[first] + (1 - share) * catalogue.autotags[second]
    entries = [
        Entry(
            f"/music/{catalogue.genre[row]}/album {i // 12}/song {i}.mp3",
            f"Artist {i // 40}",
            f"Song number {i}",
            str(catalogue.genre[row]),
            *(1, 2),
            is_sure=bool(sure > 0.75),
            confidence=float(sure),
            duration_s=float(rng.uniform(120, 420)),
            tempo_bpm=float(rng.uniform(60, 180)) if i % 3 else None,
            musical_key=KEYS[i % 24] if i % 4 else None,
        )
        for i, (row, sure) in enumerate(zip(first, share[:, 0].tolist(), strict=True))
    ]
    return Songs(entries, unit(mixed + noise), np.nan_to_num(tags))


def print_nearness(model: Model) -> None:
    """How well a place on the map says what a song sounds like, artists apart."""
    catalogue, near = model.catalogue, 10
    names = enumerate(catalogue.artist.tolist())
    artist = np.array([artist_key(name) or f"unknown {i}" for i, name in names])
    same = artist[:, None] == artist
    alike = np.where(same, -1.0, catalogue.directions @ catalogue.directions.T)
    at = model.map.place(alike)
    apart = np.linalg.norm(at[:, None] - model.map.positions, axis=2)
    on_map = np.argsort(np.where(same, np.inf, apart), axis=1)[:, :near]
    by_ear = np.argsort(-alike, axis=1)[:, :near]
    for name, rows in (("on the map", on_map), ("by ear", by_ear)):
        share = (catalogue.genre[rows] == catalogue.genre[:, None]).mean()
        print(f"of the {near} nearest {name} {share:.0%} are of the genre")
    both = np.mean([len(np.intersect1d(a, b)) / near for a, b in zip(on_map, by_ear, strict=True)])
    print(f"{both:.0%} are the same")


def main() -> None:
    """Make a map, open it, and say how long that takes."""
    count, width = (int(word) for word in [*sys.argv[1:], "20000", "1280"][:2])
    model = Classifier.load().model
    print_nearness(model)
    songs = made_up(model, count)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "map.html"
        begun = time.process_time()
        write_map(page_file, songs, model, "/music")
        print(f"made in {time.process_time() - begun:.1f} s of processor time")
        print(f"{page_file.stat().st_size / 1e6:.1f} MB")
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": width, "height": 900})
        begun = time.monotonic()
        page.goto(page_file.as_uri())
        page.wait_for_selector("#rows tr")
        print(f"opened in {time.monotonic() - begun:.1f} s")
        for zoom in (1, 3):
            page.evaluate("factor => zoomAt(factor, view.width / 2, view.height / 2)", zoom)
            times = page.evaluate(DRAW_MS)
            print(f"drawn in {times[20]:.1f} ms (median), {times[-3]:.1f} ms (p95), x{zoom}")
        chromium.close()


if __name__ == "__main__":
    main()
