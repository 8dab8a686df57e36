"""A prediction as text that is kept, and back, with the place that its clip has today."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.features.statistics import Statistics
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.web.saved_results import as_prediction, as_result
from genregenie.web.views import sentences
from tests import sounds
from tests.inference.test_prediction import RELEASE, predictions, texts

SPACE = Classifier.load().model.catalogue.space


@settings(max_examples=50)
@given(predictions.map(lambda p: replace(p, statistics=Statistics.empty())), st.none() | texts)
def test_every_prediction_comes_back_from_its_text(
    prediction: Prediction, name: str | None
) -> None:
    result = as_result(prediction, name)
    again = as_prediction(result.details, SPACE)
    assert again == prediction
    assert result.name
    assert (result.genre, result.verdict) == (prediction.genre, prediction.verdict)


def test_a_clip_comes_back_with_its_place_in_the_catalogue() -> None:
    heard = Classifier.load().predict(sounds.encode(sounds.tune(5.0)))
    again = as_prediction(as_result(heard, "tune").details, SPACE)
    assert again == heard
    assert np.array_equal(again.vector, heard.vector)
    assert again.statistics.count == heard.statistics.count
    assert np.array_equal(again.statistics.outer, heard.statistics.outer)


@pytest.mark.parametrize("details", RELEASE["kept"])
def test_what_the_last_release_kept_is_read_and_kept_the_same(details: str) -> None:
    told = as_prediction(details, SPACE)
    kept = json.loads(as_result(told, json.loads(details)["file"] or None).details)
    assert (kept.pop("autotags"), kept.pop("beyond"), kept.pop("parts")) == ([], [], ["timbre"])
    assert (kept.pop("tempo_bpm"), kept.pop("key")) == (None, None)
    assert (kept.pop("tempo_confidence"), kept.pop("key_confidence")) == (0.0, 0.0)
    assert all(moment.pop("heard") == [] for moment in kept["timeline"])
    assert kept == json.loads(details)


def test_what_a_clip_is_called() -> None:
    heard = replace(Classifier.load().predict(sounds.encode(sounds.tune(5.0))), artist=None)
    assert as_result(heard, "tune").name == "tune"
    assert as_result(heard, None).name == sentences.NAMELESS
    tagged = replace(heard, artist="Nina", title="Blue")
    assert as_result(tagged, "tune").name == "Nina \N{EN DASH} Blue"
