"""A prediction as plain data and back, as a line, and as a picture for notebooks."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import AudioError
from genregenie.common.genres import GENRES
from genregenie.features.key import KEYS
from genregenie.features.mfcc import COEFFICIENTS
from genregenie.features.statistics import Statistics
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Moment, Neighbour, Prediction, record
from genregenie.model.explain import TRAITS, Reason
from tests import sounds

# What release 0.1.0 printed with --json of three files, and kept in the history of two.
RELEASE: dict[str, list[Any]] = json.loads(
    Path(__file__).with_name("release.json").read_text(encoding="utf-8")
)

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
confidences = st.lists(st.floats(0, 1), min_size=10, max_size=10).map(
    lambda values: dict(zip(GENRES, values, strict=True))
)


def sums(*shape: int) -> st.SearchStrategy[np.ndarray]:
    size = int(np.prod(shape))
    return st.lists(finite, min_size=size, max_size=size).map(lambda v: np.reshape(v, shape))


predictions = st.builds(
    Prediction,
    genre=st.none() | st.sampled_from(GENRES),
    verdict=st.sampled_from(["confident", "unsure", "not music"]),
    confidence=st.floats(0, 1),
    confidences=confidences,
    timeline=st.lists(st.builds(Moment, finite, finite, confidences), max_size=3).map(tuple),
    duration_s=finite,
    analysed_s=finite,
    neighbours=st.lists(
        st.builds(Neighbour, st.none() | texts, st.none() | texts, texts, finite), max_size=3
    ).map(tuple),
    title=st.none() | texts,
    artist=st.none() | texts,
    statistics=st.builds(
        Statistics,
        st.integers(0, 10**6),
        sums(COEFFICIENTS),
        st.just(np.ones((COEFFICIENTS, COEFFICIENTS))),
    ),
    reasons=st.lists(
        st.builds(Reason, st.sampled_from(sorted(TRAITS)), st.sampled_from(GENRES), finite),
        max_size=2,
    ).map(tuple),
    silent_s=finite,
    quality=st.sampled_from(["full", "narrow", "coarse"]),
    tempo_bpm=st.none() | st.floats(30, 330),
    tempo_confidence=st.floats(0, 1),
    key=st.none() | st.sampled_from(KEYS),
    key_confidence=st.floats(0, 1),
)


@pytest.fixture(scope="module")
def heard() -> Prediction:
    return Classifier.load().predict(sounds.encode(sounds.tune(5.0)))


@settings(max_examples=50)
@given(predictions)
def test_what_one_writes_the_other_reads(prediction: Prediction) -> None:
    content = json.loads(json.dumps(prediction.to_dict(), allow_nan=False))
    again = Prediction.from_dict(content)
    assert again == prediction
    assert again.to_dict() == content
    assert np.array_equal(again.statistics.total, prediction.statistics.total)
    assert np.array_equal(again.statistics.outer, prediction.statistics.outer)
    assert again.statistics.count == prediction.statistics.count


def test_a_clip_is_found_in_the_space_again(heard):
    assert Prediction.from_dict(heard.to_dict()).vector.size == 0
    again = Prediction.from_dict(heard.to_dict()).located(Classifier.load().model.catalogue.space)
    assert np.array_equal(again.vector, heard.vector)
    silence = Classifier.load().predict(sounds.encode(np.zeros((1, 44_100), np.float32)))
    assert silence.located(Classifier.load().model.catalogue.space).vector.size == 0


@pytest.mark.parametrize("printed", RELEASE["printed"], ids=lambda printed: printed["file"])
def test_what_the_last_release_printed_is_read_and_printed_the_same_but_for_what_is_new(printed):
    if printed["error"]:
        with pytest.raises(AudioError, match="no file with this name") as caught:
            Prediction.from_dict(printed)
        again = record(printed["file"], caught.value)
    else:
        again = record(printed["file"], Prediction.from_dict(printed))
    assert [again.pop(name) for name in ("autotags", "beyond")] == [[], []]
    told = [again.pop(name) for name in ("tempo_bpm", "tempo_confidence", "key", "key_confidence")]
    assert told == [None, None, None, None] if printed["error"] else [None, 0.0, None, 0.0]
    assert again.pop("parts") == ([] if printed["error"] else ["timbre"])
    assert all(moment.pop("heard") == [] for moment in again["timeline"])
    assert json.dumps(again) == json.dumps(printed)


@pytest.mark.parametrize("kept", RELEASE["kept"])
def test_a_result_from_before_silence_and_quality_were_told(kept):
    content = json.loads(kept)
    told = Prediction.from_dict(content)
    del content["silent_s"], content["quality"]
    assert Prediction.from_dict(content) == replace(told, silent_s=0.0, quality="full")


@pytest.mark.parametrize(
    "content",
    [{}, {"genre": "jazz"}, {"confidences": 1}, {"timeline": [{"start": 0}]}, {"statistics": {}}],
)
def test_what_is_no_prediction_is_refused(content, heard):
    whole = heard.to_dict() | content if len(content) == 1 and "genre" not in content else content
    with pytest.raises(ValueError, match="no prediction"):
        Prediction.from_dict(whole)


def test_the_most_likely_come_first(heard):
    assert heard.ranked[0][1] == heard.confidence
    assert dict(heard.ranked) == heard.confidences
    assert heard.top(2) == heard.ranked[:2]
    assert heard.top() == heard.ranked[:3]
    assert heard.top(0) == []
    with pytest.raises(ValueError, match="k is -1"):
        heard.top(-1)


def test_a_prediction_is_a_line(heard):
    jazz = replace(
        heard, genre="jazz", verdict="unsure", confidence=0.476, duration_s=75.2, beyond=()
    )
    assert repr(jazz) == "<Prediction: Jazz 48%, unsure, 1:15>"
    assert repr(replace(jazz, genre=None, verdict="not music")) == "<Prediction: not music, 1:15>"
    silence = replace(jazz, genre=None, verdict="not music", analysed_s=0.0)
    assert repr(silence) == "<Prediction: silence, 1:15>"
    house = replace(jazz, beyond=("electronic", "House"))
    assert repr(house) == "<Prediction: none of its genres, electronic, House, 1:15>"


class Bars(HTMLParser):
    """What a reader sees, and how wide the bars are."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.widths: list[float] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        style = dict(attrs).get("style") or ""
        if tag == "div" and "width: " in style and "%" in style:
            self.widths.append(float(style.split("width: ")[1].split("%")[0]))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def test_a_notebook_shows_bars_and_escapes_what_the_file_says(heard):
    hostile = replace(heard, artist="<script>alert(1)</script>", title='Tom & "Jerry\'s"')
    html = hostile._repr_html_()
    bars = Bars()
    bars.feed(html)
    assert "script" not in bars.tags
    assert bars.words[0] == '<script>alert(1)</script> \N{EN DASH} Tom & "Jerry\'s"'
    assert len(bars.widths) == len(GENRES)
    assert bars.widths == sorted(bars.widths, reverse=True)
    assert bars.widths[0] == 100.0
    shares = [word for word in bars.words if word.endswith(" %")]
    assert shares == [f"{100 * p:.1f} %" for _, p in heard.ranked]
    assert "script" not in replace(heard, artist=None, title=None)._repr_html_()
