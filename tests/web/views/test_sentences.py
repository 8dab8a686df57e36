"""A prediction in words and tables."""

from dataclasses import replace

import pytest

from genregenie.autotag.vocabulary import Autotag
from genregenie.web.views import result, sentences
from tests.web.views.results import moments, prediction


def test_tables_hold_every_genre_best_first():
    table = sentences.confidence_table(prediction(reggae=0.78, hiphop=0.15))
    assert table.shape == (10, 2)
    assert table.iloc[0].tolist() == ["Reggae", 78.0]
    assert table.iloc[1].tolist() == ["Hip-hop", 15.0]


@pytest.mark.parametrize(
    ("genres", "told"),
    [
        (["jazz"], "Jazz throughout."),
        (["jazz", "pop"] * 4, "Jazz throughout."),
        (["jazz"] * 6 + ["metal"] * 4, "Mostly jazz; metal from 0:20."),
        (["metal"] * 4 + ["jazz"] * 6, "Mostly jazz; metal at first."),
        (["metal"] * 8 + ["jazz"] * 4, ""),  # it says another genre than the verdict
        (
            [g for g in ("jazz", "pop", "jazz", "rock", "jazz", "pop") for _ in range(4)],
            "Mostly jazz, with pop and rock in between.",
        ),
        ([], ""),
    ],
)
def test_the_timeline_in_words(genres, told):
    jazz = replace(prediction(jazz=0.9), timeline=moments(*genres))
    jazz = replace(jazz, duration_s=3.0 * len(genres) + 3.0)
    assert sentences.timeline_sentence(jazz) == told


def test_what_is_special_is_remarked_and_nothing_else():
    song = prediction(jazz=0.9)
    assert sentences.remark(song) == ""
    assert "0:05 of that is silence" in sentences.remark(replace(song, silent_s=5.0))
    long = replace(song, duration_s=1_000.0, analysed_s=600.0)
    assert sentences.remark(long).startswith("A long file, 16:40: listened to 10:00 of it")
    assert "too narrow to be sure" in sentences.remark(replace(song, quality="narrow"))
    assert sentences.remark(replace(song, analysed_s=0.2)) == ""


@pytest.mark.parametrize(
    ("key", "written"),
    [("A minor", "A minor"), ("Bb major", "B\u266d major"), ("F# minor", "F\u266f minor")],
)
def test_keys_as_musicians_write_them(key, written):
    assert sentences.key_name(key) == written


def heard(*names: str, group: str = "style") -> tuple[Autotag, ...]:
    return tuple(Autotag(name, group, 0.3, 0.99, heard=True) for name in names)


def test_chips_are_what_is_sure_or_stands_out_and_the_headline_does_not_say():
    jazz = prediction(jazz=0.9, blues=0.1)
    assert result.chips(jazz) == []
    tags = (*heard("sad", group="mood"), *heard("jazz", "soul"), *heard("60s", group="era"))
    found = result.chips(replace(jazz, autotags=tags))
    assert [text for text, _ in found] == ["soul", "60s", "sad"]
    quiet = tuple(replace(tag, heard=False) for tag in tags)
    assert result.chips(replace(jazz, autotags=quiet)) == []
    house = replace(jazz, verdict="unsure", beyond=("electronic", "House"))
    house = replace(house, autotags=heard("House", "electronic", "party"))
    assert [text for text, _ in result.chips(house)] == ["party"]
    sure = replace(jazz, tempo_bpm=117.6, tempo_confidence=1.0, key="Bb major", key_confidence=1.0)
    assert [text for text, _ in result.chips(sure)] == ["about 118 BPM", "B\u266d major"]
    assert result.chips(replace(sure, tempo_confidence=0.1, key_confidence=0.1)) == []
    assert result.chips(replace(sure, genre=None, verdict="not music")) == []
    many = replace(jazz, autotags=heard(*(f"style {i}" for i in range(9))))
    assert len(result.chips(many)) == 6
