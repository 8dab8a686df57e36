"""Learns to tell tempo and key: ``make tempo-key``.

From GTZAN's published spectrograms and the annotations beside them (U. Marchand et al.; A. Lerch),
as docs/evaluation.md says. models/tempo_key gets the two models, each with the confidence from
which four in five of its estimates are right on held-out artists. Sound is never learnt from: what
there is of it measures (benchmarks/tempo_key.py).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from genregenie.common import resources, settings
from genregenie.common.arrays import Array
from genregenie.datasets.tempo_key import Annotated, read_annotated
from genregenie.evaluation.tempo_key import is_tempo, is_tempo_to_an_octave, key_scores
from genregenie.features.pulse import TEMPI
from genregenie.features.tempo import best
from genregenie.training.tempo_key import KEY, TEMPO, key_examples, sure_from, tempo_examples


def main() -> None:
    """Read, learn, and write both."""
    annotated = read_annotated(settings.training_data_dir() / "gtzan")
    folder = resources.models() / "tempo_key"
    folder.mkdir(exist_ok=True)
    examples = tempo_examples(annotated)
    sure = tempo_sure(annotated, TEMPO.held_out(examples))
    replace(TEMPO.learn(examples), sure=sure).save(folder / "tempo.npz")
    examples = key_examples(annotated)
    sure = key_sure(annotated, KEY.held_out(examples))
    replace(KEY.learn(examples), sure=sure).save(folder / "key.npz")
    for path in sorted(folder.glob("*.npz")):
        print(f"{path.name}: {path.stat().st_size} bytes")


def tempo_sure(annotated: Annotated, said: dict[int, Array]) -> float:
    """From which confidence on tempi of any length are sure; prints what held-out clips get."""
    truth = annotated.bpm[~np.isnan(annotated.bpm)][:, None]
    answers = {parts: best(probabilities) for parts, probabilities in said.items()}
    right = {parts: is_tempo(TEMPI[place], truth) for parts, (place, _) in answers.items()}
    sure = max(sure_from(answers[n][1].ravel(), right[n].ravel()) for n in said)
    for parts, (place, confidence) in answers.items():
        octave = is_tempo_to_an_octave(TEMPI[place], truth).mean()
        print(
            f"tempo, {30 / parts:4} s: right {right[parts].mean():.3f}, to an octave {octave:.3f}"
        )
        say_sure(sure, confidence, right[parts])
    return sure


def key_sure(annotated: Annotated, said: dict[int, Array]) -> float:
    """From which confidence on keys of any length are sure; prints what held-out clips get."""
    truth = annotated.keys[annotated.keys >= 0][:, None]
    right = {n: said[n].argmax(axis=2) == truth for n in said}
    sure = max(sure_from(said[n].max(axis=2).ravel(), right[n].ravel()) for n in said)
    for parts, probabilities in said.items():
        score = key_scores(*np.broadcast_arrays(probabilities.argmax(axis=2), truth)).mean()
        print(f"key, {30 / parts:4} s: right {right[parts].mean():.3f}, MIREX {score:.3f}")
        say_sure(sure, probabilities.max(axis=2), right[parts])
    return sure


def say_sure(sure: float, confidence: Array, right: NDArray[np.bool_]) -> None:
    """Print how many estimates are sure, and how many of these are right."""
    shown = confidence >= sure
    print(f"  sure from {sure:.2f}: {shown.mean():.2f}, of these right {right[shown].mean():.3f}")


if __name__ == "__main__":
    main()
