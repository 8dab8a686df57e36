"""The same recording in other formats, bit rates and cuts; other recordings are not it."""

import json
import shutil

import numpy as np
import pytest
import scipy.signal

from genregenie.common import resources
from genregenie.features.fingerprint import SILENT, WORD_S
from genregenie.library import duplicates
from genregenie.library.matching import matches
from tests import sounds
from tests.sounds import encode

RATE = 22_050


@pytest.fixture
def music(tmp_path):
    """Two tunes, the first of them four times."""
    folder = tmp_path / "music"
    folder.mkdir()
    tune, other = sounds.tune(24.0, seed=1), sounds.tune(24.0, seed=2)
    twice = scipy.signal.resample_poly(tune, 2, 1, axis=1).astype(np.float32)
    (folder / "whole.flac").write_bytes(encode(tune, RATE, "flac", "flac"))
    (folder / "small.mp3").write_bytes(
        encode(twice, 2 * RATE, "mp3", "libmp3lame", bit_rate=64_000)
    )
    (folder / "soft cut.ogg").write_bytes(
        encode(0.3 * tune[:, 5 * RATE + 777 :], RATE, "ogg", "vorbis")
    )
    (folder / "other.flac").write_bytes(encode(other, RATE, "flac", "flac"))
    (folder / "again").mkdir()
    shutil.copy(folder / "whole.flac", folder / "again")
    return folder


def test_copies_are_one_group_with_the_best_first(music, here):
    done = here("duplicates", music, "--json", "--jobs", "1")
    assert done.returncode == 0
    (group,) = json.loads(done.stdout)
    names = [copy["path"].removeprefix(f"{music}/") for copy in group]
    assert names == ["again/whole.flac", "whole.flac", "small.mp3", "soft cut.ogg"]
    assert [copy["is_cut"] for copy in group] == [False, False, False, True]
    assert group[0]["reason"] == "lossless"
    assert [copy["is_lossless"] for copy in group] == [True, True, False, False]
    assert group[1]["reason"] == "the same file, byte for byte"
    assert group[2]["reason"] == "the same recording"
    assert group[3]["reason"] == "a cut, from 0:05 on"
    assert all(copy["alike"] > 0.85 for copy in group)
    assert group[0]["bit_rate"] > group[2]["bit_rate"] > 32_000


def test_what_lost_nothing_is_better_than_many_bits(tmp_path, here):
    """Quiet music needs few bits in a FLAC; an MP3 that was made of it may have more."""
    tune = 0.01 * sounds.tune(12.0, 44_100)
    (tmp_path / "a.mp3").write_bytes(encode(tune, 44_100, "mp3", "libmp3lame", bit_rate=320_000))
    (tmp_path / "b.flac").write_bytes(encode(tune, 44_100, "flac", "flac", sample_format="s16"))
    (group,) = json.loads(here("duplicates", tmp_path, "--json", "--jobs", "1").stdout)
    assert [copy["path"].rpartition("/")[2] for copy in group] == ["b.flac", "a.mp3"]
    assert group[0]["bit_rate"] < group[1]["bit_rate"]
    assert [copy["reason"] for copy in group] == ["lossless", "the same recording"]


def test_what_was_heard_is_not_heard_again(music, here, monkeypatch):
    first = here("duplicates", music, "--jobs", "1")
    assert "5 files: 1 recording is there more than once" in first.stdout
    monkeypatch.setattr(duplicates, "AudioFile", None)  # whoever opens a file now fails
    assert here("duplicates", music, "--jobs", "1").stdout == first.stdout


def test_a_file_that_is_no_audio_costs_itself_alone(music, here):
    (music / "broken.mp3").write_bytes(b"no audio" * 99)
    done = here("duplicates", music, "--jobs", "1")
    assert done.returncode == 1
    assert "5 files: 1 recording is" in done.stdout
    assert done.stderr.startswith(f"{music / 'broken.mp3'}: ")


def test_measurements_that_cannot_be_kept_are_a_sentence(music, here, data_dir):
    (data_dir / "measured.sqlite3").write_bytes(b"something else" * 99)
    done = here("duplicates", music)
    assert done.returncode == 1
    assert "cannot be kept in" in done.stderr


def words(n, seed):
    return np.random.default_rng(seed).integers(1, 2**32, n, dtype=np.uint32)


def test_what_is_compared_is_said_in_time():
    whole = words(1_000, 1)
    cut = whole[300:900].copy()
    cut[::10] ^= np.uint32(0xFF)
    (match,) = matches([cut, words(1_000, 2), whole])
    assert (match.first, match.second) == (0, 2)
    assert match.offset_s == pytest.approx(-300 * WORD_S)
    assert match.error == pytest.approx(0.1 * 8 / 32)


@pytest.mark.parametrize("shared", [100, 550])
def test_a_loop_that_two_songs_share_makes_them_no_copies(shared):
    first, second = words(1_000, 1), words(1_000, 2)
    second[:shared] = first[:shared]
    assert matches([first, second]) == []


def test_silence_is_like_nothing():
    silent = np.full(1_000, SILENT, np.uint32)
    assert matches([silent, silent.copy()]) == []
    assert matches([]) == matches([np.empty(0, np.uint32)]) == []


def test_many_copies_of_one_are_all_found():
    whole = words(500, 1)
    copies, told = 60, []
    found = matches([whole.copy() for _ in range(copies)], lambda *far: told.append(far))
    assert told[-1][0] == told[-1][1] == len(found)
    assert [done for done, _ in told[:-1]] == list(range(100, told[-1][1], 100))
    assert len(duplicates._connected(found)[0]) == copies
    assert len(found) < copies * 8  # each is joined to a few, not to all


@pytest.mark.data
def test_real_clips_are_told_apart_and_found_again(gtzan, tmp_path):
    """The whole clips, their first 15 s where those are there too, and nothing else is alike."""
    files = sorted((gtzan / "audio" / "full").glob("*.flac"))[::3]
    heard = [duplicates.fingerprint(str(file)) for file in files]
    again = [duplicates.fingerprint(_as_mp3(file, tmp_path / f"{file.stem}.mp3")) for file in files]
    found = matches([one.words for one in heard + again])
    assert [(m.first, m.second) for m in found] == [(i, i + len(files)) for i in range(len(files))]


def _as_mp3(file, target):
    import soundfile

    samples, rate = soundfile.read(file, dtype="float32")
    part = samples[None, 4 * rate + 123 :]
    target.write_bytes(encode(part, rate, "mp3", "libmp3lame", bit_rate=48_000))
    return str(target)


@pytest.mark.slow
def test_a_cluster_hears_as_this_machine_does(music, here, tmp_path, data_dir):
    pytest.importorskip("distributed", reason="needs dask[distributed]")
    from tests.clusters import Cluster

    (music / "broken.mp3").write_bytes(b"no audio" * 99)
    shutil.copy(resources.assets() / "examples" / "jazz.mp3", music)
    cluster = Cluster(tmp_path)
    try:
        cluster.worker()
        far = [
            here(command, music, "--json", "--dask", cluster.address, *more)
            for command, more in (("duplicates", ()), ("check", ("--no-genres",)))
        ]
        indexed = here("index", music, "--dask", cluster.address)
    finally:
        cluster.stop()
    (data_dir / "measured.sqlite3").unlink()
    assert far[0].stdout == here("duplicates", music, "--json", "--jobs", "1").stdout
    assert far[1].stdout == here("check", music, "--no-genres", "--json", "--jobs", "1").stdout
    assert far[0].stderr.startswith(f"{music / 'broken.mp3'}: This is not audio")
    assert indexed.stdout.startswith("1 track in "), indexed.stderr
