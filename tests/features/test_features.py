"""The statistics: the published ones exactly, and additive whatever the split."""

import numpy as np
import pytest
import python_speech_features
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.features.mfcc import HOP_SAMPLES, mfcc_frames
from genregenie.features.statistics import Statistics, binned_statistics, statistics
from genregenie.features.tangent import (
    ROW_WIDTH,
    as_row,
    as_rows,
    row_covariances,
    row_means,
    tangent_vectors,
)
from tests import sounds


def reference_mfcc(samples: np.ndarray) -> np.ndarray:
    return python_speech_features.mfcc(
        samples.astype(np.float64) * 32768, RATE_HZ, winlen=0.020, appendEnergy=False
    )


def frames_of(*blocks: np.ndarray) -> np.ndarray:
    return np.concatenate(list(mfcc_frames(blocks)))


def test_the_published_statistics_exactly(gtzan, gtzan_table):
    index = {track: i for i, track in enumerate(gtzan_table["track"])}
    clips = sorted((gtzan / "audio/full").glob("*.flac"))
    assert len(clips) == 35
    for clip in clips:
        with AudioFile(clip) as audio:
            (stretch,) = [statistics(s.blocks) for s in audio.stretches()]
        i = index[clip.stem]
        assert np.abs(stretch.mean - gtzan_table["mean"][i]).max() < 1e-9
        assert np.abs(stretch.covariance - gtzan_table["cov"][i]).max() < 1e-9


@pytest.mark.parametrize("length", [1, 220, 221, 440, 441, 442, 661, 662, 663, 882, 5_000, 44_101])
def test_frames_are_those_of_python_speech_features(length):
    samples = sounds.noise(3.0)[0, :length]
    assert frames_of(samples) == pytest.approx(reference_mfcc(samples), abs=1e-9)


def test_digital_silence_has_finite_frames():
    samples = np.zeros(10_000, np.float32)
    assert frames_of(samples) == pytest.approx(reference_mfcc(samples), abs=1e-9)


@given(cuts=st.lists(st.integers(0, 30_000), max_size=12), length=st.integers(1, 30_000))
def test_blocks_of_any_size_give_the_same_frames(cuts, length):
    samples = sounds.noise(1.5)[0, :length]
    blocks = np.split(samples, sorted(min(cut, length) for cut in cuts))
    assert frames_of(*blocks) == pytest.approx(frames_of(samples), abs=1e-9)


@given(cuts=st.lists(st.integers(0, 135), max_size=8), seed=st.integers(0, 2**32 - 1))
def test_statistics_of_any_split_on_frame_boundaries_add_up(cuts, seed):
    frames = frames_of(sounds.noise(1.37, seed=seed)[0])
    parts = [Statistics.of(part) for part in np.split(frames, sorted(cuts))]
    total = sum(parts, Statistics.empty())
    whole = Statistics.of(frames)
    assert total.count == whole.count == len(frames)
    assert total.mean == pytest.approx(frames.mean(axis=0), abs=1e-9)
    assert total.covariance == pytest.approx(np.cov(frames.T), abs=1e-8)
    assert whole.covariance == pytest.approx(np.cov(frames.T), abs=1e-8)


@pytest.mark.slow
@given(seconds=st.floats(0.1, 12.0), bin_s=st.floats(0.5, 5.0), size=st.integers(1_000, 100_000))
def test_bins_hold_every_frame_once(seconds, bin_s, size):
    samples = sounds.noise(seconds)[0]
    blocks = [samples[i : i + size] for i in range(0, len(samples), size)]
    bins = list(binned_statistics(blocks, bin_s))
    whole = statistics([samples])
    total = sum(bins, Statistics.empty())
    assert total.count == whole.count
    assert total.outer == pytest.approx(whole.outer, rel=1e-9, abs=1e-6)
    frames_per_bin = bin_s * RATE_HZ / HOP_SAMPLES
    assert all(abs(b.count - frames_per_bin) <= 1 for b in bins[:-1])


def test_nothing_has_no_frames():
    assert list(mfcc_frames([])) == []
    assert list(mfcc_frames([np.empty(0, np.float32)])) == []
    assert statistics([]).count == 0


def test_one_frame_has_no_spread():
    assert statistics([sounds.noise(0.01)[0]]).covariance == pytest.approx(0, abs=1e-9)


# --- tangent vectors -------------------------------------------------------------------------


def gaussians(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n, 13, 20))
    return rng.normal(size=(n, 13)) * 5, roots @ np.swapaxes(roots, 1, 2)


def vectors(rows, mean_weight=1.0, level_weight=1.0, prior_frames=0.0, reference=None):
    return tangent_vectors(
        rows,
        np.zeros(13),
        np.eye(13) if reference is None else reference,
        mean_weight=mean_weight,
        level_weight=level_weight,
        prior_frames=prior_frames,
    )


def test_rows_keep_everything():
    mean, cov = gaussians(4)
    rows = as_rows(mean, cov, [10, 20, 30, 40])
    assert rows.shape == (4, ROW_WIDTH)
    assert np.array_equal(row_means(rows), mean)
    assert row_covariances(rows) == pytest.approx(cov)
    assert rows[:, 0].tolist() == [10, 20, 30, 40]


def test_the_reference_itself_is_the_origin():
    _, cov = gaussians(1)
    row = as_rows(np.zeros((1, 13)), cov, [100])
    assert vectors(row, reference=cov[0]) == pytest.approx(np.zeros((1, 104)), abs=1e-7)


def test_length_is_the_riemannian_distance_to_the_reference():
    """|log(S^-1/2 C S^-1/2)| is the affine-invariant distance: the same in any coordinates."""
    _, cov = gaussians(2, seed=1)
    row = as_rows(np.zeros((1, 13)), cov[:1], [100])
    length = np.linalg.norm(vectors(row, reference=cov[1]))
    ratios = np.linalg.eigvals(np.linalg.solve(cov[1], cov[0])).real
    assert length == pytest.approx(np.sqrt((np.log(ratios) ** 2).sum()))


def test_loudness_touches_one_coefficient_only():
    clip = sounds.tune(3.0)
    quiet, loud = (as_row(statistics([gain * clip[0]])) for gain in (0.25, 1.0))
    assert np.abs(loud - quiet)[2:14].max() < 0.01  # the other means
    assert np.abs(loud - quiet)[14:].max() < 0.5  # covariances, of size 100 and more
    difference = vectors(np.array([quiet, loud]), level_weight=0.0)
    assert difference[0] == pytest.approx(difference[1], abs=1e-2)


def test_few_frames_are_drawn_to_the_reference():
    mean, cov = gaussians(1)
    few, many = (
        np.linalg.norm(vectors(as_rows(mean * 0, cov, [n]), prior_frames=60.0))
        for n in (10, 10_000)
    )
    assert few < many


def test_a_covariance_of_zero_stays_finite():
    row = as_rows(np.zeros((1, 13)), np.zeros((1, 13, 13)), [1])
    assert np.isfinite(vectors(row)).all()


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(
    st.integers(0, 2**53),
    arrays(np.float64, 13, elements=numbers),
    arrays(np.float64, (13, 13), elements=numbers),
)
def test_statistics_come_back_from_bytes_to_the_last_bit(count, total, outer):
    back = Statistics.from_bytes(Statistics(count, total, outer).to_bytes())
    assert back.count == count
    assert back.total.tobytes() == total.tobytes()  # also of -0.0
    assert back.outer.tobytes() == outer.tobytes()


@pytest.mark.parametrize("count", [-1.0, 0.5, np.nan, np.inf])
def test_bytes_that_are_no_statistics(count):
    data = Statistics.empty().to_bytes()
    with pytest.raises(ValueError, match="no statistics"):
        Statistics.from_bytes(data[:-8])
    with pytest.raises(ValueError, match="no statistics"):
        Statistics.from_bytes(np.float64(count).tobytes() + data[8:])
