"""A person's music as HTML, and as a table for spreadsheets."""

import itertools
import json
import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.accounts.results import Filter, ResultSummary, StoredResult
from genregenie.common.genres import GENRES
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.portal import history
from genregenie.web.saved_results import as_result
from genregenie.web.views import my_music as views
from genregenie.web.views.songs import Heard, Song
from tests import sounds

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def song(
    number: int = 1,
    genre: str | None = "jazz",
    days_ago: int = 0,
    title: str = "",
    artist: str | None = None,
    **changes: Any,
) -> Song:
    """Heard once; `changes` are of its result."""
    title = title or f"clip {number}"
    verdict = "confident" if genre else "not music"
    then = NOW - timedelta(days=days_ago)
    plain = ResultSummary(number, then, title, genre, verdict, 0.78, 30.0, 0, None)
    headline = Headline("Probably jazz", "61 % sure.", (genre,) if genre else ())
    place = (0.2, 0.4) if genre else None
    return Song((replace(plain, **changes),), Heard(title, artist, headline, place))


moments = st.datetimes(datetime(2020, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@given(st.lists(st.tuples(moments, st.sampled_from(GENRES)), min_size=1, max_size=60))
def test_periods_hold_every_clip_without_gaps(heard: list[tuple[datetime, str]]) -> None:
    found = views.periods(heard)
    assert sum((p.genres for p in found), Counter[str]()) == Counter(g for _, g in heard)
    assert 7 <= len(found) <= 40
    assert len({p.unit for p in found}) == 1
    starts = [p.start for p in found]
    assert starts == sorted(set(starts))
    steps = {(b - a).days for a, b in itertools.pairwise(starts)}
    assert max(steps) <= {"day": 1, "week": 7, "month": 31, "year": 366}[found[0].unit]
    assert found[-1].start <= max(m for m, _ in heard).date()


def test_no_periods_without_clips() -> None:
    assert views.periods([]) == []
    assert views.genres_over_time([song(genre=None), song(genre=None, days_ago=2)]) == ""


def test_over_time_comes_with_the_second_day() -> None:
    assert views.genres_over_time([song(1), song(2)]) == ""
    html = views.genres_over_time([song(1), song(2), song(3, "rock", days_ago=2)])
    assert "Over time" in html
    assert 'aria-label="Clips by genre. 19 Nov: rock 1; 21 Nov: jazz 2"' in html
    heights = [float(part.split('"')[0]) for part in html.split(' height="')[1:]]
    assert sorted(heights) == [50.0, 100.0]


@pytest.mark.parametrize(
    ("genres", "told"),
    [
        ([], "Your songs will appear here. Listen to one."),
        (["jazz"], "1 song. Jazz. Last: clip 0."),
        (["jazz", "jazz"], "2 songs. All jazz. Last: clip 0."),
        (["jazz", "jazz", "rock", None], "3 songs, and 1 clip that is not music. Mostly jazz, "),
        (["hiphop"] * 3 + ["pop"] * 2 + ["rock", "jazz"], "Most often hip-hop, then pop and rock."),
        (["jazz", "rock", "rock", "jazz", "pop"], "5 songs. As much jazz as rock. Last"),
        (["jazz", "rock", "pop"], "3 songs. Of all sorts. Last"),
        ([None, None], "No songs, and 2 clips that are not music. Last: clip 0."),
    ],
)
def test_all_of_it_in_a_line(genres: list[str | None], told: str) -> None:
    assert told in views.summary([song(i, genre) for i, genre in enumerate(genres)])


def test_text_from_outside_is_escaped() -> None:
    nasty = song(1, "<b>", title='<img src=x onerror="alert(1)">')
    other = song(2, "<b>", title="<i>", days_ago=2)
    wanted = Filter('"><script>')
    html = views.listed([nasty], wanted, 0, may_share=True)
    html += views.genres_over_time([nasty, other]) + views.overview([nasty])
    html += views.atlas(Classifier.load().model, [nasty])
    assert "&lt;img" in html
    assert "<img" not in html
    assert "<b>" not in html
    assert "<script" not in html


def test_pages_of_the_list() -> None:
    songs = [song(n) for n in range(45)]
    first = views.listed(songs, Filter(), 0, may_share=True)
    assert "Songs (1 to 20 of 45)" in first
    assert first.count("<li") == 20
    assert 'data-id="0" disabled>Newer' in first
    assert 'data-id="20">Older' in first
    last = views.listed(songs, Filter("jazz", "not music"), 40, may_share=True)
    assert last.count("<li") == 5
    assert 'data-id="20">Newer' in last
    assert "disabled>Older" in last
    assert "results.csv?genre=jazz&amp;verdict=not+music" in last
    assert "Older" not in views.listed(songs[:20], Filter(), 0, may_share=True)
    assert "None like this" in views.listed([], Filter("jazz"), 0, may_share=True)


def test_a_row_says_what_is_known_and_has_a_menu() -> None:
    twice = song(7, audio_bytes=5, artist="The Quiet Hour")
    older = replace(twice.newest, id=3, shared_at=NOW)
    html = views.listed(
        [replace(twice, results=(twice.newest, older))], Filter(), 0, may_share=True
    )
    for told in ("The Quiet Hour", "heard 2 times", "audio kept", ">shared<", "Probably jazz"):
        assert told in html
    assert 'data-act="unshare" data-id="3"' in html
    assert 'data-act="share"' not in html
    assert "Delete, all 2 times" in html
    assert "results.json?number=3&amp;number=7" in html
    plain = views.listed([song()], Filter(), 0, may_share=True)
    assert 'data-act="share" data-id="1"' in plain
    assert 'aria-label="More: clip 1"' in plain
    for told in ("heard", "audio kept", ">shared<"):
        assert told not in plain
    assert 'data-act="share"' not in views.listed([song()], Filter(), 0, may_share=False)


def test_what_is_chosen_is_what_is_asked_for() -> None:
    assert views.chosen("", "") == Filter()
    assert views.chosen("jazz", "not music") == Filter("jazz", "not music")
    assert views.chosen("", "audio") == Filter(only="audio")
    once, kept = song(1), song(2, audio_bytes=5, shared_at=NOW)
    noise, unsure = song(3, None), song(4, "rock", verdict="unsure")
    everything = [once, kept, noise, unsure]
    for show, genre, fitting in (
        ("", "", everything),
        ("", "jazz", [once, kept]),
        ("unsure", "", [unsure]),
        ("not music", "", [noise]),
        ("shared", "", [kept]),
        ("audio", "rock", []),
        ("nonsense", "", everything),
    ):
        wanted = views.chosen(genre, show)
        assert [one for one in everything if one.fits(wanted)] == fitting


def test_results_as_files() -> None:
    heard = Classifier.load().predict(sounds.encode(sounds.tune(5.0)))
    result = as_result(heard, "=cmd()")
    kept = StoredResult(song(title=result.name).newest, result.details)
    rows = history.as_csv([kept]).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("When (UTC),Clip,Genre,Verdict,Sure (%),Length (s),blues (%)")
    assert rows[1].startswith("2026-11-21 09:30:00,'=cmd(),")
    (entry,) = json.loads(history.as_json([kept]))
    assert entry["made_at"] == "2026-11-21T09:30:00+00:00"
    assert math.isclose(sum(entry["confidences"].values()), 1.0)
    assert entry["confidences"] == heard.confidences
    assert history.as_csv([]).count(b"\r\n") == 1
