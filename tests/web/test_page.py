"""The page's handler and words; the running page is tested in a browser."""

import pytest

from genregenie.classifier import Classifier, Neighbour, Prediction
from genregenie.genres import GENRES
from genregenie.web import words
from genregenie.web.page import build_page, classify
from tests import sounds


def prediction(verdict="confident", **top) -> Prediction:
    rest = (1.0 - sum(top.values())) / (len(GENRES) - len(top))
    confidences = {g: top.get(g, rest) for g in GENRES}
    best = max(confidences, key=lambda g: confidences[g])
    return Prediction(
        genre=None if verdict == "not music" else best,
        verdict=verdict,
        confidence=confidences[best],
        confidences=confidences,
        timeline=(),
        duration_s=30.0,
        analysed_s=30.0,
        neighbours=(Neighbour(None, None, "hiphop", 1.234),),
        title=None,
        artist=None,
    )


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (prediction(reggae=0.78, hiphop=0.15), "Reggae, 78 % sure; some hip-hop in it"),
        (prediction(reggae=0.93), "Reggae, 93 % sure"),
        (prediction("unsure", rock=0.4, country=0.3), "Not sure: between rock and country"),
        (prediction("unsure", jazz=0.5), "Not sure: perhaps jazz"),
        (prediction("not music"), "That does not sound like music"),
    ],
)
def test_verdicts_in_words(result, sentence):
    assert words.verdict_sentence(result) == sentence


def test_tables_hold_every_genre_best_first():
    table = words.confidence_table(prediction(reggae=0.78, hiphop=0.15))
    assert table.shape == (10, 2)
    assert table.iloc[0].tolist() == ["Reggae", 78.0]
    assert table.iloc[1].tolist() == ["Hip-hop", 15.0]
    assert words.neighbour_table(prediction()).values.tolist() == [
        ["unknown", "unknown", "Hip-hop", 1.23]
    ]


def test_a_clip_fills_the_page(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(sounds.encode(sounds.tune(5.0)))
    headline, bars, *_ = classify(str(path))
    result = Classifier.load().predict(path)
    assert words.verdict_sentence(result) in headline
    assert bars["visible"] == (result.genre is not None)


def test_a_bad_file_gives_a_sentence(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"nothing of the kind")
    headline, *tables = classify(str(path))
    assert "not audio that GenreGenie can read" in headline
    assert not any(table["visible"] for table in tables)


def test_no_clip_invites():
    assert "Drop a clip" in classify(None)[0]


def test_the_page_is_built():
    assert "classify" in {f.api_name for f in build_page().fns.values()}
