"""How surely copies of a recording are told from other recordings, and odd files from sound ones.

    python benchmarks/copies.py [--every N] [PART ...]

``forms`` takes GTZAN's clips in thirteen other forms and compares each with its clip, and clips of
different songs with each other, laid over each other at every place. ``scale`` times the comparison
of drawn fingerprints. ``odd`` inspects real files, and clips that were overdriven. ``cut`` cuts
real files, and clips in every format, off at drawn places. ``genres`` asks about the labelled songs
from elsewhere. With ``--every 8`` only each eighth clip is taken.
"""

import argparse
import csv
import io
import random
import sys
import time
from collections.abc import Iterator
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from genregenie.audio import SIX_STRETCHES, AudioError, AudioFile
from genregenie.audio.ending import broken_off
from genregenie.audio.inspection import inspect
from genregenie.common import settings
from genregenie.features.fingerprint import BITS, Fingerprinter, Words
from genregenie.inference.classifier import Classifier
from genregenie.library.matching import MIN_SHARE, matches
from genregenie.library.oddities import MAX_TAGGED, MIN_SURE, oddities

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.mutants import KINDS
from tests.sounds import encode

SHARED = settings.training_data_dir()
Samples = np.ndarray


def clips(every: int) -> list[Path]:
    audio = SHARED / "gtzan" / "audio"
    return [
        *sorted((audio / "full").glob("*.flac")),
        *sorted((audio / "first_15s").glob("*.flac")),
    ][::every]


def track(clip: Path) -> str:
    return ".".join(clip.name.split(".")[:2])


def at(samples: Samples, rate: int, wanted: int) -> Samples:
    common = gcd(rate, wanted)
    return resample_poly(samples, wanted // common, rate // common, axis=1).astype(np.float32)


def forms(clip: Path) -> Iterator[tuple[str, bytes]]:
    """A clip in other formats, rates, levels and cuts."""
    mono, rate = soundfile.read(clip, dtype="float32")
    x = mono[None]
    length_s = x.shape[1] / rate

    def cut(start_s: float, end_s: float = length_s) -> Samples:
        return x[:, round(start_s * rate) : round(end_s * rate)]

    def mp3(samples: Samples, bit_rate: int, wanted: int = 44_100) -> bytes:
        return encode(at(samples, rate, wanted), wanted, "mp3", "libmp3lame", bit_rate=bit_rate)

    def opus(samples: Samples, bit_rate: int) -> bytes:
        return encode(at(samples, rate, 48_000), 48_000, "ogg", "libopus", bit_rate=bit_rate)

    yield "MP3, 320 kbit/s", mp3(np.vstack([x, x]), 320_000)
    yield "MP3, 128 kbit/s", mp3(np.vstack([x, x]), 128_000)
    yield "MP3, 32 kbit/s", mp3(x, 32_000, rate)
    aac = at(np.vstack([x, x]), rate, 44_100)
    yield "AAC, 96 kbit/s", encode(aac, 44_100, "mp4", "aac", bit_rate=96_000)
    yield "Opus, 32 kbit/s", opus(x, 32_000)
    yield "Vorbis", encode(at(x, rate, 44_100), 44_100, "ogg", "vorbis")
    yield "WAV at 8 kHz", encode(at(x, rate, 8_000), 8_000)
    yield "12 dB softer", encode(0.25 * x, rate)
    yield "overdriven by 6 dB", encode(np.clip(2 * x, -1, 1), rate)
    yield "without its beginning", encode(cut(3.371), rate)
    yield "its middle, as MP3", mp3(cut(0.2 * length_s + 0.029, 0.7 * length_s), 96_000)
    yield "cut, softer, Opus", opus(0.4 * cut(1.017, length_s - 2), 48_000)
    silence = np.zeros((1, round(2.5 * rate)), np.float32)
    yield "after 2.5 s of silence", encode(np.hstack([silence, x]), rate)


def words(source: bytes | Path) -> Words:
    fingerprinter = Fingerprinter()
    with AudioFile(source) as audio:
        for stretch in audio.stretches():
            for block in stretch.blocks:
                fingerprinter.hear(block)
    return fingerprinter.words()


def nearest(a: Words, b: Words) -> float:
    """The least share of bits that differ, of all places with enough of the shorter inside."""
    if len(a) < len(b):
        a, b = b, a
    wanted = round(MIN_SHARE * len(b))
    least = 1.0
    for offset in range(wanted - len(b), len(a) - wanted + 1):
        over_a = a[max(offset, 0) : offset + len(b)]
        over_b = b[max(-offset, 0) :][: len(over_a)]
        different = np.bitwise_count(over_a ^ over_b).sum(dtype=np.int64)
        least = min(least, float(different) / (BITS * len(over_a)))
    return least


def compare_forms(every: int) -> None:
    with (SHARED / "gtzan" / "tracks.csv").open(encoding="utf-8") as file:
        artist = {row["clip"]: row["artist"] for row in csv.DictReader(file)}
    found: dict[str, list[float]] = {}
    originals = []
    for clip in clips(every):
        own = words(clip)
        originals.append((track(clip), own))
        for name, data in forms(clip):
            match = matches([own, words(data)])
            found.setdefault(name, []).append(match[0].error if match else np.nan)
    print("\n| form | n | found | bits that differ: median | most |\n|---|---|---|---|---|")
    for name, errors in found.items():
        got = np.array(errors)
        print(
            f"| {name} | {len(got)} | {np.isfinite(got).sum()} "
            f"| {np.nanmedian(got):.3f} | {np.nanmax(got):.3f} |"
        )
    apart = [
        (nearest(a, b), bool(artist.get(one)) and artist.get(one) == artist.get(other))
        for i, (one, a) in enumerate(originals)
        for other, b in originals[:i]
        if one != other
    ]
    for name, errors in (
        ("different songs", [error for error, _ in apart]),
        ("of these by one artist", [error for error, same in apart if same]),
    ):
        if errors:
            print(f"{name}: {len(errors)} pairs, the nearest differs in {min(errors):.3f}")
    together = matches([one for _, one in originals])
    wrong = [m for m in together if originals[m.first][0] != originals[m.second][0]]
    print(f"{len(originals)} clips at once: {len(together)} pairs, {len(wrong)} of different songs")


def time_scale() -> None:
    rng = np.random.default_rng(0)
    stock = rng.integers(1, 2**32, 20_000, dtype=np.uint32)
    print(
        "\n| files | processor time a file (ms) | copies found | wrong pairs |\n|---|---|---|---|"
    )
    for count in (1_000, 2_000, 5_000):
        drawn = [
            rng.integers(1, 2**32, int(n), dtype=np.uint32)
            for n in rng.integers(1_500, 3_500, count)
        ]
        for one in drawn:
            common = rng.random(len(one)) < 0.1
            one[common] = rng.choice(stock, common.sum())
        for one in drawn[: count // 20]:
            flips = rng.random((len(one) - 100, BITS)) < 0.1
            bits = (flips * (1 << np.arange(BITS, dtype=np.uint32))).sum(axis=1, dtype=np.uint32)
            drawn.append(one[100:] ^ bits)
        start = time.process_time()
        found = matches(drawn)
        spent = time.process_time() - start
        right = sum(match.second == match.first + count for match in found)
        print(
            f"| {len(drawn):,} | {1e3 * spent / len(drawn):.1f} | {right} of {count // 20} "
            f"| {len(found) - right} |",
            flush=True,
        )


def real_files(every: int) -> list[Path]:
    labels = SHARED / "outside" / "labels.csv"
    with labels.open(encoding="utf-8") as file:
        outside = [SHARED / "outside" / row["file"] for row in csv.DictReader(file)]
    return [*clips(every), *outside[::every]]


def cut_files(every: int) -> None:
    """How many whole files are called cut, and how many that were cut are not."""
    print("\n| files | whole | called cut | cut at drawn places | not seen | refused |")
    print("|---|---|---|---|---|---|")
    _count_cuts("as they are", (path.read_bytes() for path in real_files(every)))
    for name, kind in KINDS.items():
        _count_cuts(name, (_as_kind(clip, *kind) for clip in clips(4 * every)))


def _as_kind(clip: Path, container: str, codec: str, form: str | None, rate: int) -> bytes:
    mono, own = soundfile.read(clip, dtype="float32", frames=5 * 22_050)
    rates = {"bit_rate": 64_000} if codec.startswith("wma") else {}
    samples = at(mono[None], own, rate)
    return encode(samples, rate, container, codec, sample_format=form, **rates)


def _count_cuts(name: str, files: Iterator[bytes]) -> None:
    chance = random.Random(name)  # noqa: S311 - no secret
    whole = alarms = cut = unseen = refused = 0
    for data in files:
        whole += 1
        alarms += broken_off(io.BytesIO(data)) is not None
        for _ in range(10):
            some = data[: chance.randrange(len(data) // 10, len(data))]
            cut += 1
            if broken_off(io.BytesIO(some)) is None:
                try:
                    inspect(some)
                    unseen += 1
                except AudioError:
                    refused += 1
    print(f"| {name} | {whole} | {alarms} | {cut} | {unseen} | {refused} |", flush=True)


def count_odd(every: int) -> None:
    files = real_files(every)
    print(f"\n{len(files)} real files:")
    for path in files:
        for odd in oddities(path.name, {"sound": inspect(path).to_dict()}):
            print(f"  {odd.path}: {odd.kind}, {odd.detail}")
    for gain_db in (3.5, 6, 12):
        flat = {"WAV": 0, "MP3": 0}
        some = clips(3 * every)
        for clip in some:
            mono, rate = soundfile.read(clip, dtype="float32")
            driven = np.clip(mono / np.abs(mono).max() * 10 ** (gain_db / 20), -1, 1)[None]
            for name, data in (
                ("WAV", encode(0.5 * driven, rate)),
                ("MP3", encode(driven, rate, "mp3", "libmp3lame", bit_rate=128_000)),
            ):
                found = oddities("", {"sound": inspect(data).to_dict()})
                flat[name] += any(odd.kind == "clipped" for odd in found)
        print(f"overdriven by {gain_db} dB, of {len(some)} called clipped: {flat}", flush=True)


def ask_genres(every: int) -> None:
    labels = SHARED / "outside" / "labels.csv"
    with labels.open(encoding="utf-8") as file:
        songs = [row for row in csv.DictReader(file) if row["genre_gtzan"]][::every]
    classifier, sure, doubted = Classifier.load(), 0, 0
    for row in songs:
        try:
            answer = classifier.predict(SHARED / "outside" / row["file"], SIX_STRETCHES)
        except AudioError:
            continue
        if answer.verdict == "confident" and answer.confidence >= MIN_SURE:
            sure += 1
            doubted += answer.confidences[row["genre_gtzan"]] <= MAX_TAGGED
    print(f"\n{len(songs)} labelled songs: sure of {sure}, the label is doubted of {doubted}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    for part in options.parts or ["forms", "scale", "odd", "cut", "genres"]:
        if part == "scale":
            time_scale()
        else:
            {
                "forms": compare_forms,
                "odd": count_odd,
                "cut": cut_files,
                "genres": ask_genres,
            }[part](options.every)
