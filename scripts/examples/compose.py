"""Compose, render and judge the example clips: ``make examples``.

Each song is written as MIDI, played by FluidSynth with the FluidR3 General MIDI sound font,
levelled to -16 LUFS below -1.5 dBFS and kept as MP3. The table in README.md, what GenreGenie
says about each, is written last.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import electric
import numpy as np
import pyloudnorm
import soundfile
import warm
from band import Song
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import butter, sosfilt

from genregenie.common import resources
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.views.sentences import ranked

EXAMPLES: Final = resources.assets() / "examples"
SOUND_FONT: Final = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE_HZ: Final = 44_100
LOUDNESS_LUFS: Final = -16.0
CEILING: Final = 10 ** (-1.5 / 20)
LOOKAHEAD_S: Final = 0.004
FADE_S: Final = 1.5
TREBLE_HZ: Final = 3_000
SQUEEZE_SAMPLES: Final = RATE_HZ // 25
COMPRESSION: Final = 0.78  # libsndfile's scale from 320 to 32 kbit/s: 96

SONGS: Final[dict[str, Callable[[], Song]]] = {
    "reggae": warm.reggae,
    "jazz": warm.jazz,
    "classical": warm.classical,
    "country": warm.country,
    "disco": electric.disco,
    "metal": electric.metal,
}


def main() -> None:
    """Render the songs that are named, or all, and write what GenreGenie says about them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="songs to render")
    parser.add_argument("--table-only", action="store_true", help="only judge, render nothing")
    arguments = parser.parse_args()
    if not arguments.table_only:
        if shutil.which("fluidsynth") is None or not SOUND_FONT.exists():
            sys.exit(
                "Needs FluidSynth and its sound font: apt-get install fluidsynth fluid-soundfont-gm"
            )
        for name in arguments.names or SONGS:
            song = SONGS[name]()
            write_mp3(EXAMPLES / f"{name}.mp3", master(render(song), song), song.title)
    write_table(EXAMPLES / "README.md")


def render(song: Song) -> np.ndarray:
    """What FluidSynth plays: float64 array of shape (n, 2) at 44.1 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "song.mid", Path(folder) / "song.wav"
        song.save(midi)
        options = {
            "synth.reverb.room-size": song.room,
            "synth.reverb.damp": 0.4,
            "synth.reverb.width": 1.0,
            "synth.reverb.level": 0.5,
            "synth.chorus.depth": 4.0,
            "synth.polyphony": 512,
        }
        settings = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        command = ["fluidsynth", "-ni", "-q", "-g", "0.4", "-r", str(RATE_HZ), *settings]
        command += ["-O", "float", "-T", "wav", "-F", str(wav), str(SOUND_FONT), str(midi)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        samples, _ = soundfile.read(wav, always_2d=True)
    return samples


def master(samples: np.ndarray, song: Song) -> np.ndarray:
    """Trim the silence, cut and glue as the song wants it, and level without clipping."""
    loud = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-2)
    samples = samples[loud[0] : loud[-1] + 1]
    samples = sosfilt(butter(2, 30, "highpass", fs=RATE_HZ, output="sos"), samples, axis=0)
    treble = sosfilt(butter(1, TREBLE_HZ, "highpass", fs=RATE_HZ, output="sos"), samples, axis=0)
    samples = squeezed(samples + (10 ** (song.treble_db / 20) - 1) * treble, song.squeeze)
    fade = min(round(FADE_S * RATE_HZ), len(samples))
    samples[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade))[:, None] ** 2
    meter = pyloudnorm.Meter(RATE_HZ)
    for _ in range(3):  # limiting takes some loudness away again
        gain_db = LOUDNESS_LUFS - meter.integrated_loudness(samples)
        samples = limited(samples * 10 ** (gain_db / 20))
    return samples


def squeezed(samples: np.ndarray, ratio: float) -> np.ndarray:
    """Bus compression above 12 dB below the mean power, which lets the room come up."""
    power = np.maximum(uniform_filter1d((samples**2).mean(axis=1), SQUEEZE_SAMPLES), 1e-9)
    excess = np.maximum(power / (power.mean() * 10 ** (-12 / 10)), 1.0)
    gain = excess ** (-(1 - 1 / ratio) / 2)
    return samples * uniform_filter1d(gain, SQUEEZE_SAMPLES)[:, None]


def limited(samples: np.ndarray) -> np.ndarray:
    """Turn peaks down, a few milliseconds ahead and smoothly, so that none passes the ceiling."""
    reach = round(LOOKAHEAD_S * RATE_HZ)
    peaks = np.maximum(np.abs(samples).max(axis=1), 1e-9)
    gain = minimum_filter1d(np.minimum(CEILING / peaks, 1.0), 2 * reach + 1)
    return samples * uniform_filter1d(gain, 2 * reach + 1)[:, None]


def write_mp3(path: Path, samples: np.ndarray, title: str) -> None:
    """Write 44.1 kHz stereo at 96 kbit/s, tagged."""
    with soundfile.SoundFile(
        path,
        "w",
        RATE_HZ,
        samples.shape[1],
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=COMPRESSION,
    ) as file:
        file.title = title
        file.artist = "GenreGenie"
        file.license = "CC0 1.0"
        file.write(samples)


def write_table(readme: Path) -> None:
    """Replace the table in the README by what the shipped model says about each clip."""
    rows = ["| clip | written as | GenreGenie says | most confident |", "|---|---|---|---|"]
    meter = pyloudnorm.Meter(RATE_HZ)
    for name in SONGS:
        path = EXAMPLES / f"{name}.mp3"
        heard = Classifier.load().predict(path)
        first = ", ".join(f"{genre} {share:.0%}" for genre, share in ranked(heard)[:3])
        rows.append(
            f"| [{heard.title}]({path.name}) | {name} | {Headline.of(heard).sentence} | {first} |"
        )
        samples, rate = soundfile.read(path, always_2d=True)
        print(
            f"{name:10} {len(samples) / rate:5.1f} s {path.stat().st_size / 1000:4.0f} kB "
            f"{meter.integrated_loudness(samples):6.1f} LUFS peak {np.abs(samples).max():.2f}  "
            f"{Headline.of(heard).sentence}  [{first}]"
        )
    pattern = r"(?s)(<!-- table -->\n).*(<!-- end -->)"
    text = readme.read_text()
    readme.write_text(re.sub(pattern, lambda m: m[1] + "\n".join(rows) + "\n" + m[2], text))


if __name__ == "__main__":
    main()
