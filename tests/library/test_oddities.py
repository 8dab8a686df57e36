"""Files that are odd are named with what is odd, and others are not."""

import json
import shutil

import numpy as np
import pytest

from genregenie.audio.inspection import inspect
from genregenie.common import resources
from genregenie.library import oddities
from tests import sounds
from tests.sounds import encode

RATE = 22_050
NO_LENGTH = {"write_xing": "0"}
EXAMPLES = resources.assets() / "examples"


def kinds(here, *words):
    done = here("check", *words, "--json", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    return {
        (odd["path"].rpartition("/")[2], odd["kind"]): odd["detail"]
        for odd in json.loads(done.stdout)
    }


@pytest.mark.slow
def test_each_oddity_is_found_and_a_sound_file_is_not_odd(tmp_path, here):
    music = tmp_path / "music"
    music.mkdir()
    tune = sounds.tune(12.0)
    other = sounds.tune(12.0, seed=2)
    whole = {
        "good.wav": encode(np.vstack([tune, 0.7 * tune + 0.3 * other]), RATE),
        "good.flac": encode(tune, RATE, "flac", "flac"),
        "good.mp3": encode(tune, RATE, "mp3", "libmp3lame", bit_rate=64_000),
        "loud.wav": encode(np.clip(8 * tune, -1, 1), RATE),
        "quiet again.wav": encode(0.4 * np.clip(8 * tune, -1, 1), RATE),
        "silent.flac": encode(np.hstack([tune, 0 * tune, 0 * tune]), RATE, "flac", "flac"),
        "twice.wav": encode(np.vstack([tune, tune]), RATE),
        "cut.flac": encode(tune, RATE, "flac", "flac")[:-60_000],
        "cut.wav": encode(tune, RATE)[:-200_000],
        "cut.ogg": encode(tune, RATE, "ogg", "vorbis")[:-60_000],
        "cut.mp3": encode(tune, RATE, "mp3", "libmp3lame", container_options=NO_LENGTH)[:-9_000],
        "none.mp3": b"no audio at all" * 20,
    }
    for name, data in whole.items():
        (music / name).write_bytes(data)
    before = {path: path.read_bytes() for path in music.iterdir()}
    found = kinds(here, music, "--no-genres")
    assert set(found) == {
        ("loud.wav", "clipped"),
        ("quiet again.wav", "clipped"),
        ("silent.flac", "silent"),
        ("twice.wav", "mono as stereo"),
        ("cut.flac", "truncated"),
        ("cut.wav", "truncated"),
        ("cut.ogg", "truncated"),
        ("cut.mp3", "truncated"),
        ("none.mp3", "unreadable"),
    }
    assert found["silent.flac", "silent"].endswith("of it is below -60 dB")
    assert found["cut.ogg", "truncated"].endswith(", ends within a page")
    assert found["cut.mp3", "truncated"].endswith(", ends within a frame")
    assert found["cut.wav", "truncated"].startswith("says 0:12, holds 0:0")
    assert {path: path.read_bytes() for path in music.iterdir()} == before

    table = here("check", music, "--no-genres", "--jobs", "1")
    assert table.stdout.splitlines()[0].split() == ["kind", "file", "what"]
    assert "12 files: 1 unreadable, 4 truncated, 1 silent, 2 clipped" in table.stdout


def test_a_tag_that_disagrees_with_a_sure_model(tmp_path, here):
    clips = {"wrong.mp3": "Rap", "right.mp3": "jazz", "both.mp3": "Jazz; Rap", "own.mp3": "X"}
    for name, genre in clips.items():
        shutil.copy(EXAMPLES / "jazz.mp3", tmp_path / name)
        tag_genre(tmp_path / name, genre)
    assert kinds(here, *tmp_path.glob("*.mp3")) == {
        ("wrong.mp3", "genre"): "tagged Hip-hop, heard Jazz, 96%"
    }


def tag_genre(path, genre):
    import mutagen.id3

    tags = mutagen.id3.ID3(path)
    tags.setall("TCON", [mutagen.id3.TCON(encoding=3, text=genre.split("; "))])
    tags.save()


@pytest.mark.parametrize("hz", [50, 100, 440, 3_000])
def test_a_tone_at_full_scale_is_not_clipped(hz):
    assert inspect(encode(sounds.tone(3.0, 44_100, hz, level=0.99), 44_100)).flat == 0


def test_unsure_answers_and_unlikely_tags_are_no_oddity():
    quiet = {
        "claimed_s": 9.0,
        "decoded_s": 9.0,
        "broken_off": None,
        "channels": 1,
        "peak": 0.5,
        "flat": 0.0,
        "over": 0.0,
        "silent_s": 0.0,
        "side_db": None,
    }
    likely = {"jazz": 0.95, "blues": 0.045, "rock": 0.005}

    def odd(tagged, confidences):
        found = {"sound": quiet, "tagged": tagged, "confidences": confidences}
        return [one.kind for one in oddities.oddities("x", found)]

    assert odd(["rock"], likely) == ["genre"]
    assert odd(["blues"], likely) == odd(["rock", "jazz"], likely) == []
    assert odd(["rock"], likely | {"jazz": 0.8}) == odd(["rock"], None) == []
    assert odd(["polka"], likely) == []


@pytest.mark.data
def test_real_clips_are_not_odd(gtzan, here):
    assert kinds(here, *sorted((gtzan / "audio" / "full").glob("*.flac"))[::4]) == {}
