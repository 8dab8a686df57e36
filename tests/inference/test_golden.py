"""The shipped model's answers for a handful of real clips, to be noticed when they change.

After a new training: ``python -m tests.inference.test_golden`` writes them anew; look at the
difference.
"""

import json
from pathlib import Path

import pytest

from genregenie.common import settings
from genregenie.inference.classifier import Classifier

GOLDEN = Path(__file__).parent / "golden.json"
CLIPS = ("blues.00000", "classical.00001", "hiphop.00001", "metal.00001", "pop.00003", "rock.00002")
# The same bits go in everywhere; what differs between machines is the order of sums.
TOLERANCE = 2e-3  # the network rounds to half precision, and processors differ


def answer(clip: Path) -> dict[str, float]:
    """Confidences of the shipped model, rounded for the file."""
    confidences = Classifier.load().predict(clip).confidences
    return {genre: round(p, 6) for genre, p in confidences.items()}


@pytest.mark.parametrize("clip", CLIPS)
def test_the_shipped_model_answers_as_it_did(clip, gtzan):
    golden = json.loads(GOLDEN.read_text())
    path = gtzan / f"audio/full/{clip}.flac"
    assert answer(path) == pytest.approx(golden[clip], abs=TOLERANCE)


if __name__ == "__main__":
    folder = settings.training_data_dir() / "gtzan/audio/full"
    answers = {clip: answer(folder / f"{clip}.flac") for clip in CLIPS}
    GOLDEN.write_text(json.dumps(answers, indent=1) + "\n")
