"""How fast a whole library is tagged, what hearing a minute of each file costs, and the memory.

    python benchmarks/library.py [--files 10000] [speed] [proof] [accuracy] [library] [cores]

Rates are files per second of processor time, which other programs on the machine hardly change;
where the clock counts, the figure stands beside a floor measured in the same run. ``accuracy``
needs the GTZAN clips (``GENREGENIE_SHARED``) and trains a model that has heard none of their
artists.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import psutil
from speed import RATE_HZ, encode, music, print_table

from genregenie.audio import SIX_STRETCHES, WHOLE, AudioFile, Spread
from genregenie.common import settings
from genregenie.inference.classifier import Classifier

FORMATS = {
    "MP3": ("mp3", "libmp3lame"),
    "FLAC": ("flac", "flac"),
    "M4A (AAC)": ("ipod", "aac"),
    "Opus": ("ogg", "libopus"),
}


def cpu_seconds(work: Callable[[], object], repeats: int = 7) -> float:
    """Median processor time of `work` in this process, after one run to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)


def read(data: bytes, spread: Spread) -> np.ndarray:
    with AudioFile(data) as audio:
        return np.concatenate([b for s in audio.stretches(spread) for b in s.blocks])


def speed() -> None:
    """Three minutes, 44 100 Hz stereo, in several formats."""
    classifier = Classifier.load()
    rows = []
    for name, (container, codec) in FORMATS.items():
        rate = 48_000 if codec == "libopus" else 44_100
        data = encode(music(180, rate, 2), rate, container, codec)
        decoding = cpu_seconds(lambda data=data: read(data, WHOLE))
        whole = cpu_seconds(lambda data=data: classifier.predict(data))
        six = cpu_seconds(lambda data=data: classifier.predict(data, SIX_STRETCHES))
        rows += [
            (f"{name}, decoded whole", f"{1e3 * decoding:.0f} ms", "1.00 (floor)"),
            (f"{name}, heard whole", f"{1e3 * whole:.0f} ms", f"{whole / decoding:.2f}"),
            (
                f"{name}, six stretches of 10 s",
                f"{1e3 * six:.0f} ms, {1 / six:.1f} files/s",
                f"{six / decoding:.2f}",
            ),
        ]
    print_table("A file of three minutes, processor time on one core", rows)


def proof(folder: Path) -> None:
    """What it costs to prove that a written file holds the same sound, and all of the writing."""
    from genregenie.tagging.delta import difference
    from genregenie.tagging.formats.payload import prove
    from genregenie.tagging.tags import mapped, write_copy

    classifier = Classifier.load()
    rows = []
    for name, (container, codec) in {**FORMATS, "WAV": ("wav", "pcm_s16le")}.items():
        rate = 48_000 if codec == "libopus" else 44_100
        old, new = folder / f"old.{container}", folder / f"new.{container}"
        old.write_bytes(encode(music(180, rate, 2), rate, container, codec))

        def write(old: Path = old, new: Path = new) -> None:
            write_copy(str(old), str(new), {"genre": ["Jazz"]})
            with mapped(str(old)) as before, mapped(str(new)) as after:
                difference(before, after)

        hearing = cpu_seconds(lambda old=old: classifier.predict(old, SIX_STRETCHES))
        writing = cpu_seconds(write)
        proving = cpu_seconds(lambda old=old, new=new: prove(str(old), str(new)))
        run = hearing + writing
        rows += [
            (f"{name}, heard and written", f"{1e3 * run:.0f} ms", "1.000"),
            (f"{name}, of that writing", f"{1e3 * writing:.1f} ms", f"{writing / run:.3f}"),
            (f"{name}, of that the proof", f"{1e3 * proving:.2f} ms", f"{proving / run:.3f}"),
        ]
    print_table("Writing a genre into three minutes, processor time on one core", rows)


# --- what hearing a minute costs -------------------------------------------------------------


def accuracy() -> None:
    from genregenie.datasets.table import read_table
    from genregenie.training.candidates import candidates
    from genregenie.training.train import train

    gtzan = settings.training_data_dir() / "gtzan"
    clips = [
        *sorted((gtzan / "audio/full").glob("*")),
        *sorted((gtzan / "audio/first_15s").glob("*")),
    ]
    with (gtzan / "tracks.csv").open(newline="") as file:
        artists = {r["clip"]: r["artist"] for r in csv.DictReader(file)}
    names = {clip.stem for clip in clips}
    heard = {artists.get(name) or name for name in names}
    table = read_table(gtzan / "mfcc_statistics.npz")
    apart = np.array(
        [
            Path(str(track)).stem not in names and (str(artist) or str(track)) not in heard
            for track, artist in zip(table.track, table.artist, strict=True)
        ]
    )
    winner = json.loads((settings.model_dir() / "model.json").read_text())["winner"]
    chosen = [c for c in candidates() if c.name == winner]
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "model"
        train(
            table.take(apart), where, source="", command="", chosen=chosen, folds=3, seeds=1, jobs=1
        )
        classifier = Classifier.load(where)
    print(f"\n{apart.sum()} clips to learn from, none by an artist of the {len(clips)} to judge.")

    rows = []
    sounds = [(clip.stem.split(".")[0], read(clip.read_bytes(), WHOLE)) for clip in clips]
    third = [(g, s, Spread(6, len(s) / RATE_HZ / 18, 0.0)) for g, s in sounds]
    rows += judged("a clip; a third of it", third, classifier)
    rng = np.random.default_rng(0)
    of_genre = defaultdict(list)
    for genre, sound in sounds:
        of_genre[genre].append(sound[: 15 * RATE_HZ])
    songs = (
        (genre, medley(clips_of, rng), SIX_STRETCHES)
        for genre, clips_of in of_genre.items()
        for _ in range(8)
    )
    rows += judged("three minutes joined from clips of a genre; six of 10 s", songs, classifier)
    print("\nWhat hearing a third costs\n")
    print("| what is heard | n | right, whole | right, a third | same answer | verdict the same |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def medley(clips: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Three minutes of clips, one after the other."""
    return np.concatenate([clips[i] for i in rng.permutation(len(clips))] * 2)[: 180 * RATE_HZ]


def judged(
    name: str, sounds: Iterable[tuple[str, np.ndarray, Spread]], classifier: Classifier
) -> list[tuple[str, ...]]:
    n = right = right_spread = same = same_verdict = 0
    for genre, sound, spread in sounds:
        data = encode(sound[None], RATE_HZ, "wav", "pcm_s16le")
        whole, part = classifier.predict(data), classifier.predict(data, spread)
        best, best_part = (max(p.confidences, key=p.confidences.__getitem__) for p in (whole, part))
        n += 1
        right += best == genre
        right_spread += best_part == genre
        same += best == best_part
        same_verdict += whole.verdict == part.verdict
    shares = (f"{count / n:.3f}" for count in (right, right_spread, same, same_verdict))
    return [(name, str(n), *shares)]


# --- a whole library -------------------------------------------------------------------------


class Memory(threading.Thread):
    """Watches the memory of a process and of its children."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.seen: list[tuple[float, float, float]] = []  # time, the command's, its worst worker's

    def run(self) -> None:
        start = time.monotonic()
        while True:
            try:
                workers = [child.memory_info().rss for child in self.process.children()]
                own = self.process.memory_info().rss
            except psutil.Error:
                return
            self.seen.append((time.monotonic() - start, own / 1e6, max(workers, default=0) / 1e6))
            time.sleep(0.5)


def whole_library(folder: Path, count: int) -> None:
    """`count` files, one in a hundred of three minutes, through the real command."""
    files = folder / "music"
    files.mkdir()
    short = [
        encode(music(1.2, 44_100, 2)[:, i * 100 :], 44_100, "mp3", "libmp3lame") for i in range(20)
    ]
    long = encode(music(180, 44_100, 2), 44_100, "mp3", "libmp3lame")
    for i in range(count):
        where = files / f"{i // 500:03}"
        where.mkdir(exist_ok=True)
        (where / f"{i:05}.mp3").write_bytes(long if i % 100 == 50 else short[i % 20])

    first = Running(files, folder, "--jobs", "2")
    memory = first.memory.seen
    quarter = len(memory) // 4
    early, late = (
        median([m[1] for m in memory[quarter : 2 * quarter]]),
        median([m[1] for m in memory[-quarter:]]),
    )
    workers = [worker for *_, worker in memory if worker]
    half = len(workers) // 2
    later = median(workers[half:]) / median(workers[:half])
    most = max(m[1] for m in memory)

    floor = median([start_up() for _ in range(5)])
    starts = [
        Running(files / "000", folder / f"new{i}", "--jobs", "2", stop=True).first_s
        for i in range(5)
    ]
    again = [Running(files, folder) for _ in range(3)]
    idle = median([Running(files / "000/00000.mp3", folder).cpu_s for _ in range(3)])
    cpu = median([run.cpu_s for run in again])
    wall = min(run.wall_s for run in again)

    print(f"\n{count} files, two processes\n\n| what | figure |\n|---|---|")
    for what, figure in (
        ("largest worker at any time", f"{max(workers):.0f} MB"),
        ("workers, second half of the run over the first", f"{later:.2f}"),
        ("the command itself, largest", f"{most:.0f} MB"),
        ("the command itself, last quarter over the second", f"{late / early:.2f}"),
        ("start to first result", f"{min(starts):.2f} s best, {median(starts):.2f} s median of 5"),
        ("floor: importing NumPy, SciPy and PyAV twice", f"{2 * floor:.2f} s"),
        ("unchanged library, by processor time", f"{count / cpu:.0f} files/s"),
        ("the same without the command's start", f"{count / (cpu - idle):.0f} files/s"),
        ("the same by the clock, best of 3", f"{count / wall:.0f} files/s"),
    ):
        print(f"| {what} | {figure} |")


def start_up() -> float:
    code = "import numpy, scipy.fft, av"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


class Running:
    """A run of the real command, to its end or to its first result."""

    def __init__(self, files: Path, data: Path, *more: str, stop: bool = False) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "genregenie", "tag", str(files), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"GENREGENIE_DATA_DIR": str(data)},
        ) as process:
            self.memory = Memory(process.pid)
            self.memory.start()
            process.stdout.readline()
            self.first_s = time.perf_counter() - start
            if stop:
                process.send_signal(2)
            process.stdout.read()
        self.wall_s = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


SPIN = """
import sys, time
from genregenie.inference.classifier import Classifier
from genregenie.audio import SIX_STRETCHES
from pathlib import Path
one = Classifier.load()
data = Path(sys.argv[1]).read_bytes()
one.predict(data)
print("ready", flush=True); sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    one.predict(data, SIX_STRETCHES)
"""


def processor_time() -> float:
    """Of this process and those it has started and ended, so far."""
    return sum(os.times()[:4])


def cores(folder: Path) -> None:
    """Two processes against one; the floor is two programs that know nothing of each other."""
    from genregenie.inference.batch import classify_many

    path = folder / "song.mp3"
    path.write_bytes(encode(music(180, 44_100, 2), 44_100, "mp3", "libmp3lame"))
    n = 24

    def floor(programs: int) -> float:
        command = [sys.executable, "-c", SPIN, str(path), str(n // programs)]
        running = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(programs)
        ]
        for one in running:
            one.stdout.readline()
        start = time.perf_counter()
        for one in running:
            one.stdin.write(b"\n")
            one.stdin.flush()
        for one in running:
            one.wait()
        return time.perf_counter() - start

    def ours(jobs: int) -> float:
        list(classify_many([path] * 4, jobs=2, spread=SIX_STRETCHES))  # all is loaded
        start, spent = time.perf_counter(), processor_time()
        backend = "serial" if jobs == 1 else "processes"
        list(classify_many([path] * n, jobs=jobs, backend=backend, spread=SIX_STRETCHES))
        spending[jobs].append(processor_time() - spent)
        return time.perf_counter() - start

    times, spending = defaultdict(list), defaultdict(list)
    for _ in range(3):  # in turn, so that whatever else runs hits all four alike
        for jobs in (1, 2):
            times["ours", jobs].append(ours(jobs))
            times["floor", jobs].append(floor(jobs))
    gain = median([a / b for a, b in zip(times["ours", 1], times["ours", 2], strict=True)])
    most = median([a / b for a, b in zip(times["floor", 1], times["floor", 2], strict=True)])
    one, two = median(spending[1]), median(spending[2])
    print_table(
        f"{n} three-minute MP3s on two processes against one, six stretches",
        [
            ("two independent programs", f"{most:.2f} times as fast", "1.00 (floor)"),
            ("classify_many, jobs=2", f"{gain:.2f} times as fast", f"{gain / most:.2f}"),
            ("processor time of one process", f"{one:.2f} s", "1.00 (floor)"),
            ("of two, and of the command", f"{two:.2f} s", f"{two / one:.2f}"),
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    wanted = options.parts or ["speed", "proof", "accuracy", "library", "cores"]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        for part in wanted:
            if part == "speed":
                speed()
            elif part == "proof":
                proof(Path(name))
            elif part == "accuracy":
                accuracy()
            elif part == "library":
                whole_library(Path(name), options.files)
            elif part == "cores":
                cores(Path(name))


if __name__ == "__main__":
    main()
