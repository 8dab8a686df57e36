"""Annotations of tempo and key, and what spectrograms say of both."""

import librosa
import numpy as np
import pytest
from PIL import Image

from genregenie.audio import RATE_HZ
from genregenie.common.errors import DataError
from genregenie.datasets.tempo_key import (
    picture_harmony,
    picture_pulse,
    read_annotated,
    read_annotations,
)
from genregenie.features import key, tempo
from genregenie.features.key import KEYS
from genregenie.features.pulse import TEMPI
from genregenie.features.tempo import best
from tests import sounds
from tests.features.test_key import song


def picture(samples: np.ndarray) -> np.ndarray:
    """A spectrogram as GTZAN's were made, shape (128, columns), uint8."""
    power = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, n_fft=2_048, hop_length=512)
    decibels = librosa.power_to_db(power, ref=np.max, top_db=80.0) + 80
    columns = round(len(samples) / RATE_HZ * 387 / 30)
    shrunk = Image.fromarray(decibels).resize((columns, 128), Image.Resampling.BILINEAR)
    return np.rint(np.asarray(shrunk) / 80 * 255).astype(np.uint8)


def test_annotations_are_read_where_there_are_any(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("clip,bpm,key\na,120.5,A minor\nb,,C# major\nc,99,\nd,,\n")
    assert read_annotations(path) == (
        {"a": 120.5, "c": 99.0},
        {"a": KEYS.index("A minor"), "b": KEYS.index("Db major")},
    )


@pytest.mark.parametrize(
    "text", ["", "clip,bpm\na,120\n", "clip,bpm,key\na,fast,\n", "clip,bpm,key\na,120,H minor\n"]
)
def test_what_is_no_such_table_is_refused(tmp_path, text):
    path = tmp_path / "some.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=r"some\.csv is no table of clip, bpm and key"):
        read_annotations(path)
    with pytest.raises(DataError):
        read_annotations(tmp_path / "none.csv")


@pytest.mark.parametrize("bpm", [94, 110, 128, 150])
def test_a_spectrogram_shows_the_tempo(bpm):
    evidence = picture_pulse(picture(sounds.drums(25.0, bpm)[0])).evidence()
    place, confidence = best(tempo.shipped().probabilities(evidence))
    assert TEMPI[place] == pytest.approx(bpm, rel=0.03)
    assert confidence > tempo.shipped().sure


@pytest.mark.slow
@pytest.mark.parametrize("name", ["C major", "E major", "Bb major", "D minor", "G minor"])
def test_a_spectrogram_shows_the_tonic(name):
    evidence = picture_harmony(picture(song(name))).evidence(tuning=0.0)
    said = key.shipped().probabilities(evidence)
    assert KEYS[said.argmax()].split()[0] == name.split()[0]


def test_gtzan_has_its_annotations(gtzan):
    annotated = read_annotated(gtzan)
    assert len(annotated.table) == len(annotated.pictures) == 709
    assert (~np.isnan(annotated.bpm)).sum() == 708
    assert (annotated.keys >= 0).sum() == 597
    first = annotated.table.track.tolist().index("blues.00000")
    assert annotated.bpm[first] == 125.87
    assert KEYS[annotated.keys[first]] == "G minor"
