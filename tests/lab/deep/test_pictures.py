"""What the networks are given of a clip, made of its sound or of a published spectrogram."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import AudioFile
from genregenie.common.settings import training_data_dir
from genregenie.datasets.gtzan import PICTURES_NPZ
from genregenie.lab.deep import clips, pictures
from tests import sounds

RATE_HZ = 22_050


def tone(hz: float, length_s: float = 6.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(length_s * RATE_HZ)) / RATE_HZ)).astype("f")


@pytest.mark.data
@pytest.mark.slow
def test_a_picture_of_a_sound_is_the_published_one():
    folder = training_data_dir() / "gtzan"
    with np.load(folder / PICTURES_NPZ) as npz:
        published = dict(zip(npz["track"].tolist(), npz["mel"], strict=True))
    alike = []
    for path in sorted((folder / "audio" / "full").glob("*.flac")):
        with AudioFile(path) as audio:
            samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
        own = pictures.picture_of(samples, 387)
        other = pictures.published(published[path.stem])
        alike.append(np.corrcoef(own.ravel(), other.ravel())[0, 1])
    assert len(alike) == 35
    assert min(alike) > 0.9
    assert np.mean(alike) > 0.965


@settings(max_examples=20)
@given(st.floats(1.0, 40.0), st.integers(0, 1_000))
def test_every_length_gives_pictures_of_the_same_height(length_s, seed):
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=int(length_s * RATE_HZ)).astype(np.float32)
    picture = pictures.picture_of(samples)
    assert picture.shape == (128, round(len(samples) / RATE_HZ * pictures.COLUMNS_S))
    assert picture.max() <= 0.0
    assert picture.min() >= -80.0
    slices = pictures.slices_of(picture)
    assert slices.shape[1:] == (130, 13)
    assert len(slices) == 1 or abs(len(slices) - length_s / 3) < 1
    whole = clips.whole_inputs(picture)
    steps = whole["image"].shape[1]
    assert whole["image"].shape == (152, steps)
    assert whole["sequence"].shape == (steps, 88)
    assert all(np.isfinite(values).all() for values in [slices, *whole.values()])


def test_thirty_seconds_are_what_the_networks_learnt_from():
    picture = pictures.picture_of(tone(440.0, 30.0))
    assert picture.shape == (128, 387)
    assert pictures.slices_of(picture).shape == (10, 130, 13)
    assert clips.whole_inputs(picture)["image"].shape == (152, 129)


@pytest.mark.parametrize(("hz", "name"), [(440.0, 0), (466.16, 2), (523.25, 6), (880.0, 0)])
def test_chroma_knows_a_tone_and_its_octave(hz, name):
    folded = pictures.chroma(pictures.picture_of(tone(hz))).mean(axis=1)
    away = abs(int(folded.argmax()) - name)
    assert min(away, 24 - away) <= 1  # quarter tones; bands are wider


@pytest.mark.slow
def test_cepstra_are_librosas_but_for_the_level():
    librosa = pytest.importorskip("librosa")
    levels = pictures.mel_levels(sounds.tune(4.0)[0])
    theirs = librosa.feature.mfcc(S=levels, n_mfcc=13)
    np.testing.assert_allclose(pictures.mfccs(levels, 13), theirs.T, atol=1e-2)


def test_wavelets_hear_a_beat_where_it_is():
    beat = tone(200.0, 12.0) * (np.sin(2 * np.pi * 2.0 * np.arange(12 * RATE_HZ) / RATE_HZ) > 0)
    moving, still = (
        np.abs(pictures.wavelets(pictures.picture_of(sound))[5:-5]).mean()
        for sound in (beat.astype(np.float32), tone(200.0, 12.0))
    )
    assert moving > 3 * still


def test_a_louder_copy_is_the_same_picture():
    song = sounds.tune(5.0)[0]
    np.testing.assert_allclose(
        pictures.picture_of(0.1 * song), pictures.picture_of(song), atol=0.05
    )
