"""What the network hears while samples pass by, and whether that is music."""

import numpy as np
import pytest

from genregenie.audio import RATE_HZ, SIX_STRETCHES, WHOLE, Spread
from genregenie.autotag.listener import MAX_WINDOWS, Listener
from genregenie.autotag.music import music_probability, music_threshold


def noise(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.normal(size=round(seconds * RATE_HZ))).astype(np.float32)


def listened(duration_s: float, spread: Spread, stretches: list[tuple[float, np.ndarray]]):
    listener = Listener(duration_s, spread)
    for start_s, samples in stretches:
        blocks = [samples[i : i + 5_000] for i in range(0, len(samples), 5_000)]
        listener.begin(start_s)
        for block in blocks:
            listener.push(block)
        listener.end()
    return listener.heard()


def test_every_ten_seconds_is_heard_in_its_middle():
    heard = listened(30.0, WHOLE, [(0.0, noise(30.0))])
    assert heard.start_s.tolist() == pytest.approx([3.5, 13.5, 23.5])
    assert len(heard) == 3
    assert heard.probabilities.shape == (3, 50)
    assert heard.embeddings.shape == (3, 200)
    assert heard.autotags == pytest.approx(heard.probabilities.mean(axis=0))
    assert (heard.around(0.0, 6.0) == heard.probabilities[0]).all()
    assert (heard.around(24.0, 30.0) == heard.probabilities[2]).all()


@pytest.mark.slow
def test_a_long_file_has_no_more_windows_than_two_minutes():
    heard = listened(300.0, WHOLE, [(0.0, noise(300.0))])
    assert len(heard) == MAX_WINDOWS
    assert heard.start_s[0] < 15
    assert heard.end_s[-1] > 285


def test_stretches_have_one_window_each_at_least():
    starts = [0.0, 40.0, 80.0, 120.0, 160.0, 200.0]
    heard = listened(210.0, SIX_STRETCHES, [(start, noise(10.0)) for start in starts])
    assert heard.start_s.tolist() == pytest.approx([start + 3.5 for start in starts])


def test_nothing_is_heard_of_silence():
    assert listened(20.0, WHOLE, [(0.0, np.zeros(20 * RATE_HZ, np.float32))]) is None


def test_noise_is_no_music():
    heard = listened(10.0, WHOLE, [(0.0, noise(10.0))])
    assert heard.music_probability < music_threshold() < 1
    assert heard.music_probability == music_probability(heard.embeddings)
