"""Sound that is heard while it comes."""

import threading

import numpy as np
import pytest

import genregenie
from genregenie.audio import RATE_HZ
from genregenie.common.errors import AudioError
from genregenie.features.mfcc import Framer, mel_frames
from genregenie.inference.classifier import Classifier
from genregenie.inference.live import RECENT_S, LiveClassifier
from tests.sounds import noise, tune

SECOND = 48_000


def samples(seconds: float = 12.0, rate: int = SECOND, seed: int = 1) -> np.ndarray:
    return (32_000 * tune(seconds, rate, seed)[0]).astype(np.int16)


def pushed(sound: np.ndarray, sizes: int = SECOND, rate: int = SECOND, **kwargs) -> LiveClassifier:
    live = LiveClassifier(rate, **kwargs)
    for i in range(0, len(sound), sizes):
        live.push(sound[i : i + sizes])
    return live


def alike(live: genregenie.Prediction, file: genregenie.Prediction) -> bool:
    assert live.duration_s == pytest.approx(file.duration_s, abs=1e-6)
    assert live.confidences == pytest.approx(file.confidences, abs=1e-5)
    assert live.statistics.count == file.statistics.count
    assert live.statistics.mean == pytest.approx(file.statistics.mean, abs=1e-4)
    assert [m.start_s for m in live.timeline] == [m.start_s for m in file.timeline]
    assert (live.genre, live.verdict, live.quality) == (file.genre, file.verdict, file.quality)
    assert [tag.name for tag in live.autotags] == [tag.name for tag in file.autotags]
    assert file.tempo_bpm is not None
    assert live.tempo_bpm == pytest.approx(file.tempo_bpm, rel=1e-3)
    assert live.key == file.key is not None
    assert live.key_confidence == pytest.approx(file.key_confidence, abs=1e-3)
    return True


@pytest.mark.parametrize("sizes", [SECOND, 1_024, 30 * SECOND])
@pytest.mark.parametrize("stereo", [False, True])
def test_all_that_was_pushed_is_heard_as_its_file_is(sizes, stereo):
    sound = samples()
    sound = np.stack([sound, sound // 2], axis=1) if stereo else sound
    live = pushed(sound, sizes)
    live.end()
    assert alike(live.prediction(), genregenie.classify((sound, SECOND)))


def test_frames_of_pushed_blocks_are_those_of_the_whole_bit_for_bit():
    sound = tune(5.0)[0]
    whole = np.concatenate([frames.energy for frames in mel_frames([sound])])
    for size in (100, 441, 22_050, 50_000):
        framer, found = Framer(), []
        for i in range(0, len(sound), size):
            found.append(framer.push(sound[i : i + size]).energy)
        found.append(framer.end().energy)
        assert (np.concatenate(found) == whole).all(), size


@pytest.mark.slow
def test_it_can_be_asked_at_any_time_and_goes_on_as_if_it_had_not_been():
    sound, live, asked = samples(), LiveClassifier(SECOND), 0
    for i in range(0, len(sound), SECOND // 2):
        live.push(sound[i : i + SECOND // 2])
        if live.heard_s >= 1.5:
            assert live.prediction().duration_s == pytest.approx(live.heard_s)
            live.recent()
            asked += 1
    assert asked > 15
    live.end()
    assert alike(live.prediction(), genregenie.classify((sound, SECOND)))


def test_the_last_seconds_forget_what_was_before():
    loud, quiet = samples(14.0), (0.1 * noise(12.0, SECOND)[0] * 32_000).astype(np.int16)
    live = pushed(np.concatenate([loud, quiet]))
    recent, everything = live.recent(), live.prediction()
    assert recent.verdict == "not music"
    assert everything.analysed_s == pytest.approx(26.0, abs=0.1)
    assert recent.analysed_s == pytest.approx(RECENT_S, abs=0.1)
    assert recent.timeline[0].start_s == pytest.approx(16.0, abs=0.1)
    assert live.heard_s == pytest.approx(26.0, abs=0.01)


def test_the_last_seconds_are_judged_as_a_file_of_them_is():
    """But for the network, which has heard more windows of them."""
    fast = Classifier.load(fast=True)
    sound = samples(15.0, RATE_HZ)
    live = pushed(sound, RATE_HZ, RATE_HZ, classifier=fast)
    cut = fast.predict((sound[-round(RECENT_S * RATE_HZ) :], RATE_HZ))
    recent = live.recent()
    assert recent.confidences == pytest.approx(cut.confidences, abs=0.02)
    assert recent.parts == cut.parts == ("timbre", "temporal")


def test_the_network_hears_along(monkeypatch):
    live, sound, heard = LiveClassifier(SECOND), samples(), []
    for i in range(0, len(sound), SECOND):
        live.push(sound[i : i + SECOND])
        if live.heard_s >= 3:
            heard.append(live.recent())
            live.recent()  # asked again at once, it listens no second time
    assert all(recent.parts[-1] == "autotags" for recent in heard)
    assert len(live._ears._heard) == 8  # the windows of the last ten seconds, one a second


def test_silence_and_nothing_at_all():
    live = LiveClassifier(SECOND)
    with pytest.raises(AudioError, match=r"Only 0\.00 s have been heard"):
        live.prediction()
    live.push(np.zeros(SECOND // 2, np.int16))
    with pytest.raises(AudioError, match="needs at least 1 s"):
        live.recent()
    live.push(np.zeros(5 * SECOND, np.int16))
    assert live.prediction().is_silent
    assert live.recent().is_silent


def test_what_is_no_sound_is_refused_and_nothing_is_lost():
    live = pushed(samples(5.0))
    with pytest.raises(AudioError, match="of type complex"):
        live.push(np.zeros(3, complex))
    with pytest.raises(AudioError, match="not numbers"):
        live.push(np.array([np.inf]))
    assert live.prediction().duration_s == pytest.approx(5.0, abs=0.01)
    with pytest.raises(AudioError, match="GenreGenie takes whole numbers"):
        LiveClassifier(1)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_time():
    live, sound = LiveClassifier(RATE_HZ), (32_000 * noise(10.0)[0]).astype(np.int16)
    for _ in range(60):
        live.push(sound)
    assert live.heard_s == pytest.approx(600.0)
    assert sum(map(len, live._last)) <= 20 * RATE_HZ
    assert live._evidence._listener is not None
    assert len(live._evidence._listener._windows) <= 48


@pytest.mark.slow
def test_from_two_threads_at_once():
    live, sound = LiveClassifier(SECOND), samples(10.0)
    live.push(sound[: 2 * SECOND])
    faults: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(5):
                live.recent()
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)

    thread = threading.Thread(target=ask)
    thread.start()
    for i in range(2 * SECOND, len(sound), 4_800):
        live.push(sound[i : i + 4_800])
    thread.join()
    live.end()
    assert not faults
    assert alike(live.prediction(), genregenie.classify((sound, SECOND)))
