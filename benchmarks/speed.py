"""How fast the engine is, each figure as a ratio to a peer or a floor measured in the same run.

    python benchmarks/speed.py [--slow]

``--slow`` adds the one-hour MP3 and the throughput over many files. Times are medians. The
floor is what no implementation can avoid: decoding the file and one float32 rFFT over the same
frames.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import av
import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.audio.about import about
from genregenie.features.mfcc import FRAME_SAMPLES, HOP_SAMPLES
from genregenie.features.statistics import statistics
from genregenie.features.tangent import as_row
from genregenie.inference.batch import classify_many
from genregenie.inference.classifier import Classifier


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of `work`, after one run to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def music(length_s: float, rate: int, channels: int) -> np.ndarray:
    """Something with the bandwidth of music, shape (channels, n), float32."""
    rng = np.random.default_rng(0)
    n = round(length_s * rate)
    t = np.arange(n) / rate
    beat = np.exp(-8 * (t % 0.5))
    tones = sum(np.sin(2 * np.pi * hz * t) / k for k, hz in enumerate((110, 220, 330, 554), 1))
    sound = 0.2 * beat * tones + 0.05 * beat[::-1] * rng.normal(size=n)
    return np.repeat(sound[None], channels, axis=0).astype(np.float32)


def encode(samples: np.ndarray, rate: int, container: str, codec: str) -> bytes:
    """Encode float samples of shape (channels, n)."""
    buffer = io.BytesIO()
    layout = {1: "mono", 2: "stereo"}[len(samples)]
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.layout = layout
        stream.codec_context.open()
        resampler = av.AudioResampler(
            stream.format, layout, rate, frame_size=stream.codec_context.frame_size or 4096
        )
        for start in range(0, samples.shape[1], 10 * rate):
            piece = samples[:, start : start + 10 * rate]
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(piece.T).reshape(1, -1), format="flt", layout=layout
            )
            frame.sample_rate = rate
            for out in resampler.resample(frame):
                output.mux(stream.encode(out))
        for out in resampler.resample(None):
            output.mux(stream.encode(out))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def decode(data: bytes) -> np.ndarray:
    with AudioFile(data) as audio:
        return np.concatenate([b for s in audio.stretches() for b in s.blocks])


def floor(data: bytes) -> None:
    """Decode, and one float32 rFFT pass over the frames."""
    frames = sliding_window_view(decode(data), FRAME_SAMPLES)[::HOP_SAMPLES]
    for start in range(0, len(frames), 256):
        scipy.fft.rfft(frames[start : start + 256], 512)


def librosa_mfcc(samples: np.ndarray) -> None:
    import librosa

    librosa.feature.mfcc(y=samples, sr=RATE_HZ, n_mfcc=13)


def librosa_57(samples: np.ndarray) -> None:
    """The 57 statistics of the well-known GTZAN table."""
    import librosa

    harmonic, percussive = librosa.effects.hpss(samples)
    features = [
        librosa.feature.chroma_stft(y=samples, sr=RATE_HZ),
        librosa.feature.rms(y=samples),
        librosa.feature.spectral_centroid(y=samples, sr=RATE_HZ),
        librosa.feature.spectral_bandwidth(y=samples, sr=RATE_HZ),
        librosa.feature.spectral_rolloff(y=samples, sr=RATE_HZ),
        librosa.feature.zero_crossing_rate(samples),
        harmonic,
        percussive,
        *librosa.feature.mfcc(y=samples, sr=RATE_HZ, n_mfcc=20),
    ]
    librosa.feature.tempo(y=samples, sr=RATE_HZ)
    for feature in features:
        np.mean(feature), np.var(feature)


def knn_loop(row: np.ndarray, references: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """The tutorials' k nearest neighbours: a Python loop over every reference track."""
    mean, cov = row[1:14], np.cov(np.random.default_rng(0).normal(size=(13, 50)))
    distances = []
    for other_mean, other_cov in references:
        inverse = np.linalg.inv(other_cov)
        difference = other_mean - mean
        one = np.trace(inverse @ cov) + difference @ inverse @ difference
        one += np.log(np.linalg.det(other_cov)) - np.log(np.linalg.det(cov))
        inverse = np.linalg.inv(cov)
        two = np.trace(inverse @ other_cov) + difference @ inverse @ difference
        two += np.log(np.linalg.det(cov)) - np.log(np.linalg.det(other_cov))
        distances.append(one + two - 26)
    sorted(range(len(distances)), key=distances.__getitem__)[:8]


def print_table(title: str, rows: list[tuple[str, str, str]]) -> None:
    print(f"\n{title}\n")
    print("| what | time | ratio |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def engine() -> None:
    classifier, alone = Classifier.load(fast=False), Classifier.load(fast=True)
    for title, data in {
        "30 s WAV, 22 050 Hz mono": encode(music(30, RATE_HZ, 1), RATE_HZ, "wav", "pcm_s16le"),
        "30 s WAV, 44 100 Hz stereo": encode(music(30, 44_100, 2), 44_100, "wav", "pcm_s16le"),
        "30 s MP3, 44 100 Hz stereo": encode(music(30, 44_100, 2), 44_100, "mp3", "libmp3lame"),
    }.items():
        samples = decode(data)
        base = seconds(lambda data=data: floor(data), 15)
        whole = seconds(lambda data=data: classifier.predict(data), 15)
        fast = seconds(lambda data=data: alone.predict(data), 15)
        decoding = seconds(lambda data=data: decode(data), 15)
        mfcc = seconds(lambda samples=samples: statistics([samples]), 15)
        theirs = seconds(lambda samples=samples: librosa_mfcc(samples), 5)
        many = seconds(lambda samples=samples: librosa_57(samples), 2)
        print_table(
            title,
            [
                ("floor: decode + one rFFT pass", f"{1e3 * base:.1f} ms", "1.00 (floor)"),
                ("of which decoding", f"{1e3 * decoding:.1f} ms", f"{decoding / base:.2f}"),
                ("MFCC statistics alone", f"{1e3 * mfcc:.1f} ms", f"{mfcc / base:.2f}"),
                ("file to prediction, warm", f"{1e3 * whole:.1f} ms", f"{whole / base:.2f}"),
                ("the same with --fast", f"{1e3 * fast:.1f} ms", f"{fast / base:.2f}"),
                ("librosa MFCC alone", f"{1e3 * theirs:.1f} ms", f"{theirs / base:.2f}"),
                (
                    "decode + librosa's 57 features",
                    f"{1e3 * (decoding + many):.0f} ms",
                    f"{(decoding + many) / base:.0f} ({(decoding + many) / whole:.0f} times ours)",
                ),
            ],
        )

    model = classifier.model
    row = as_row(statistics([music(30, RATE_HZ, 1)[0]]))
    rows = np.repeat(row[None], 10, axis=0)
    rng = np.random.default_rng(1)
    references = [(rng.normal(size=13), np.cov(rng.normal(size=(13, 60)))) for _ in range(999)]
    one = seconds(lambda: model.confidences(row[None]), 50)
    ten = seconds(lambda: model.confidences(rows), 50)
    catalogue = model.catalogue
    near = seconds(lambda: catalogue.distances(catalogue.space.vectors(row[None])), 50)
    loop = seconds(lambda: knn_loop(row, references), 3)
    print_table(
        "Model",
        [
            ("confidences of one clip", f"{1e3 * one:.2f} ms", f"{one / loop:.4f}"),
            ("confidences of a clip and 9 moments", f"{1e3 * ten:.2f} ms", f"{ten / loop:.4f}"),
            ("distances to all references", f"{1e3 * near:.2f} ms", f"{near / loop:.4f}"),
            ("kNN looping in Python over 999 tracks", f"{1e3 * loop:.1f} ms", "1 (peer)"),
        ],
    )


def workers(folder: Path) -> None:
    """The app's workers beside this process, clip about, each listening to all and reading tags."""
    from genregenie.web import analysis

    rows = []
    for name, length_s, container, codec in (
        ("10 s WAV, mono", 10, "wav", "pcm_s16le"),
        ("30 s MP3, stereo", 30, "mp3", "libmp3lame"),
        ("180 s MP3, stereo", 180, "mp3", "libmp3lame"),
        ("180 s WAV, stereo", 180, "wav", "pcm_s16le"),
    ):
        path = folder / f"clip.{container}"
        sound = music(length_s, 44_100, 1 if "mono" in name else 2)
        path.write_bytes(encode(sound, 44_100, container, codec))

        def here(path: Path = path) -> None:
            about(path)
            Classifier.load().predict(path)

        def there(path: Path = path) -> None:
            analysis.predict(str(path))

        pairs = [(seconds(here, 1), seconds(there, 1)) for _ in range(15)]
        one = median(a for a, _ in pairs)
        more_ms = 1e3 * median(b - a for a, b in pairs)
        ratio = median(b / a for a, b in pairs)
        rows.append((name, f"{1e3 * one:.1f} ms, {more_ms:+.1f} ms", f"{ratio:.3f}"))
    print_table("In a worker of the app instead of the same process", rows)


def cold(folder: Path) -> None:
    path = folder / "clip.wav"
    path.write_bytes(encode(music(30, RATE_HZ, 1), RATE_HZ, "wav", "pcm_s16le"))

    def run(*command: str) -> float:
        return seconds(lambda: subprocess.run(command, check=True, capture_output=True), 5)

    python = run(sys.executable, "-c", "pass")
    classify = run(sys.executable, "-m", "genregenie", "classify", str(path))
    sklearn = run(sys.executable, "-c", "import sklearn.pipeline, skops.io")
    print_table(
        "Cold start, in all",
        [
            ("python -c pass", f"{python:.2f} s", "1.0 (floor)"),
            ("genregenie classify clip.wav", f"{classify:.2f} s", f"{classify / python:.1f}"),
            ("importing scikit-learn and skops", f"{sklearn:.2f} s", f"{sklearn / python:.1f}"),
        ],
    )


PEAK = """
import sys
from pathlib import Path
from genregenie.inference.classifier import Classifier
Classifier.load().predict(sys.argv[1])
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def long_files(folder: Path) -> None:
    ten = music(600, 44_100, 2)
    sources = {"10-minute MP3": ten, "1-hour MP3": np.tile(ten, (1, 6))}
    rows = []
    first = 0.0
    for name, samples in sources.items():
        path = folder / "long.mp3"
        path.write_bytes(encode(samples, 44_100, "mp3", "libmp3lame"))
        took = seconds(lambda path=path: Classifier.load().predict(path), 2)
        peak = subprocess.run(
            [sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True
        )
        first = first or took
        rows.append((name, f"{took:.2f} s", f"{took / first:.2f}; {int(peak.stdout) >> 10} MB"))
    print_table("Long files (ratio to the first; peak memory of the process)", rows)


def throughput(folder: Path) -> None:
    data = encode(music(180, 44_100, 2), 44_100, "mp3", "libmp3lame")
    paths = [folder / f"{i}.mp3" for i in range(60)]
    for path in paths:
        path.write_bytes(data)
    rows = []
    alone = 0.0
    for jobs in (1, 2):
        list(classify_many(paths[:jobs], jobs=jobs + 1 if jobs == 1 else jobs))
        start = time.perf_counter()
        if jobs == 1:
            one = Classifier.load()
            for path in paths:
                one.predict(path)
        else:
            list(classify_many(paths, jobs=jobs))
        rate = len(paths) / (time.perf_counter() - start)
        alone = alone or rate
        rows.append((f"{jobs} process(es)", f"{rate:.1f} files/s", f"{rate / alone:.2f}"))
    print_table("60 three-minute MP3s, whole", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    engine()
    with tempfile.TemporaryDirectory() as name:
        workers(Path(name))
        cold(Path(name))
        if options.slow:
            long_files(Path(name))
            throughput(Path(name))


if __name__ == "__main__":
    main()
