"""How good a model is, in tables and words."""

from dataclasses import replace

import pandas as pd

from genregenie.common.artists import ArtistCount
from genregenie.inference.classifier import Classifier
from genregenie.model.metadata import ScoringProtocol
from genregenie.web.views import models
from genregenie.web.views.models import score_table


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


def test_the_summary_claims_what_the_model_has():
    shipped = Classifier.load().model.metadata
    whole = models.summary(shipped)
    assert f"right on {shipped.elsewhere} songs from elsewhere" in whole
    assert "a pretrained network hears" in whole
    fast = [hearing for hearing in shipped.hearings if "autotags" not in hearing.parts]
    own = models.summary(replace(shipped, hearings=tuple(fast), elsewhere=None))
    assert "timbre and movement in time." in own
    assert "network" not in own
    assert "elsewhere" not in own
