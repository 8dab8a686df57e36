"""The page's handler and words; the running page is tested in a browser."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from genregenie.common.artists import ArtistCount
from genregenie.common.genres import GENRES
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Moment, Neighbour, Prediction
from genregenie.model.metadata import ScoringProtocol
from genregenie.web.ui.page import build_page
from genregenie.web.ui.tabs import models
from genregenie.web.ui.tabs.listen import AS_IT_IS, classify, listen, take_away
from genregenie.web.ui.tabs.models import score_table
from genregenie.web.views import components, sentences
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
    assert sentences.verdict_sentence(result) == sentence


def test_tables_hold_every_genre_best_first():
    table = sentences.confidence_table(prediction(reggae=0.78, hiphop=0.15))
    assert table.shape == (10, 2)
    assert table.iloc[0].tolist() == ["Reggae", 78.0]
    assert table.iloc[1].tolist() == ["Hip-hop", 15.0]


def moments(*genres: str) -> tuple[Moment, ...]:
    """A timeline that is sure of one genre after the other, in overlapping stretches of 6 s."""
    return tuple(
        Moment(3.0 * i, 3.0 * i + 6.0, {g: float(g == genre) for g in GENRES})
        for i, genre in enumerate(genres)
    )


@pytest.mark.parametrize(
    ("genres", "told"),
    [
        (["jazz"], "Jazz throughout."),
        (["jazz", "jazz", "jazz"], "Jazz throughout."),
        (["jazz", "jazz", "metal"], "Jazz at first, metal from 0:09."),
        (["jazz", "pop"] * 4, "It keeps changing: jazz, pop."),
    ],
)
def test_the_timeline_in_words(genres, told):
    assert sentences.timeline_sentence(replace(prediction(), timeline=moments(*genres))) == told


def test_moments_are_drawn_side_by_side_from_end_to_end():
    spans = components.moment_spans(moments("jazz", "pop", "rock"), 12.0)
    assert spans == [(0.0, 4.5), (4.5, 7.5), (7.5, 12.0)]
    assert components.moment_spans(moments("jazz")[:1], 4.0) == [(0.0, 4.0)]


def test_stretches_of_a_long_file_leave_their_gaps():
    timeline = (
        *moments("jazz", "jazz"),
        *(Moment(m.start_s + 100, m.end_s + 100, m.confidences) for m in moments("pop")),
    )
    assert components.moment_spans(timeline, 200.0) == [(0.0, 4.5), (4.5, 9.0), (100.0, 106.0)]


def test_text_from_outside_is_escaped():
    nasty = replace(
        prediction(reggae=0.9),
        title="<script>alert(1)</script>",
    )
    html = components.verdict(nasty) + components.failure("<i>")
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;i&gt;" in html


def shown(path: str) -> list[tuple[Any, ...]]:
    """What `listen` shows in the end; how far it was meanwhile depends on the machine."""
    return [s for s in listen(path) if s != AS_IT_IS and "heard so far" not in str(s[1])]


def test_a_clip_fills_the_tab(tmp_path):
    path = tmp_path / "My song.wav"
    path.write_bytes(sounds.encode(sounds.tune(5.0)))
    (heard, verdict, *_), *later = shown(str(path))
    result = Classifier.load().predict(path)
    assert sentences.verdict_sentence(result) in verdict
    assert "My song" in verdict
    assert heard.confidences == pytest.approx(result.confidences, abs=1e-9)
    assert [parts[2]["visible"] for parts in later] == [True] * (result.genre is not None)


def test_a_bad_file_gives_a_sentence(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"nothing of the kind")
    ((_, verdict, result, *_),) = shown(str(path))
    assert "not audio that GenreGenie can read" in verdict
    assert not result["visible"]
    assert classify(str(path))["error"].startswith("This is not audio")


def test_what_can_be_taken_away(gtzan):
    path = str(gtzan / "audio/full/metal.00001.flac")
    (heard, *_), _ = shown(path)
    picture, table, details, card = take_away(path, heard)
    assert "data:image/png;base64," in picture
    assert 'alt="' in picture
    lines = Path(table["value"]).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Genre,Confidence (%)"
    assert lines[1].startswith("Metal,")
    assert len(lines) == 11
    assert json.loads(Path(details["value"]).read_text())["genre"] == "metal"
    assert Path(card["value"]).read_bytes()[:4] == b"\x89PNG"
    assert take_away(None, None)[0] == ""


def test_no_clip_invites():
    ((_, invitation, *_),) = listen(None)
    assert "Drop a clip" in invitation


def test_the_score_table_marks_the_winner_and_sorts(tmp_path):
    scores = pd.DataFrame(
        [
            {"candidate": c, "protocol": p, "accuracy": a, "top3": 0.9, "macro_f1": 0.5, "ece": 0.1}
            for c, p, a in [
                ("lda", "grouped", 0.5),
                ("lda", "stratified", 0.9),
                ("soft_vote", "grouped", 0.6),
                ("soft_vote", "stratified", 0.8),
            ]
        ]
    )
    table = score_table(scores, "soft_vote")
    assert table["Model"].tolist() == ["★ soft vote", "lda"]
    assert table["Artists apart (%)"].tolist() == [60.0, 50.0]
    assert table["Random (%)"].tolist() == [80.0, 90.0]


def test_the_models_tab_claims_no_artists_apart_that_were_not_known():
    scores = pd.DataFrame(
        [
            {"candidate": "lda", "protocol": p, "accuracy": 0.5, "top3": 1, "macro_f1": 1, "ece": 0}
            for p in ("files", "stratified")
        ]
    )
    table = score_table(scores, "lda")
    assert "Files apart (%)" in table
    assert not any("Artists" in column for column in table)
    remark = "nothing is known of the artists of 56 of 96 clips; this flatters"
    shipped = Classifier.load().model.metadata
    counted = ArtistCount(96, 12, {"tag": 30, "folder": 10})
    metadata = replace(
        shipped,
        reason="accuracy 0.500 with files apart, which flatters, the best",
        protocol=ScoringProtocol("files", "files apart", remark),
        trained_on=replace(shipped.trained_on, source="<b>music", artists=counted),
    )
    summary, why = models.summary(metadata), models.why(metadata)
    assert "96 clips, the artist known of 40 (by tag 30, by folder 10), 12 artists" in summary
    assert remark in summary
    assert remark in why
    for text in (summary, why):
        assert "artists apart" not in text
    assert "On artists it has not heard" not in summary
    assert "<b>" not in summary


def test_a_model_of_before_is_shown_as_it_was():
    shipped = Classifier.load().model.metadata
    before = replace(shipped, protocol=None, trained_on=replace(shipped.trained_on, artists=None))
    assert "On artists it has not heard" in models.summary(before)
    assert "GTZAN: 709 clips." in models.summary(before)
    assert "with artists apart" in models.why(before)


def test_programs_find_the_endpoints_by_their_names():
    events = build_page().config["dependencies"]
    public = {e["api_name"] for e in events if e["api_visibility"] == "public"}
    assert public == {"classify", "recommend", "spotify_features"}


def test_the_page_is_built():
    assert "classify" in {f.api_name for f in build_page().fns.values()}
