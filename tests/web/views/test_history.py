"""The history as HTML, and as a table for spreadsheets."""

import itertools
import json
import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.accounts.results import Filter, ResultSummary, StoredResult
from genregenie.common.genres import GENRES
from genregenie.inference.classifier import Classifier
from genregenie.web.portal import history
from genregenie.web.saved_results import as_result
from genregenie.web.views import history as views
from genregenie.web.views import sentences
from tests import sounds

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def line(number: int = 1, genre: str | None = "jazz", **changes: object) -> ResultSummary:
    verdict = "confident" if genre else "not music"
    plain = ResultSummary(number, NOW, f"clip {number}", genre, verdict, 0.78, 30.0, 0, None)
    return replace(plain, **changes)  # type: ignore[arg-type]


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
    assert views.genres_over_time([line(genre=None)]) == ""


@pytest.mark.parametrize(
    ("genres", "told"),
    [
        (["jazz"], "All jazz so far: 1 clip."),
        (["jazz", "jazz", "rock"], "Most often jazz (2 of 3 clips), then rock."),
        (
            ["hiphop"] * 3 + ["pop"] * 2 + ["rock", "jazz"],
            "Most often hip-hop (3 of 7 clips), then pop and rock.",
        ),
    ],
)
def test_genres_over_time_in_words(genres: list[str], told: str) -> None:
    lines = [line(i, genre) for i, genre in enumerate(genres)]
    html = views.genres_over_time(lines)
    assert told in html
    counted = ", ".join(
        f"{sentences.display_name(g).lower()} {n}" for g, n in Counter(genres).items()
    )
    assert f'aria-label="Clips by genre. 21 Nov: {counted}"' in html


def test_columns_are_as_high_as_there_are_clips() -> None:
    older = line(3, "rock", made_at=NOW - timedelta(days=2))
    html = views.genres_over_time([line(1), line(2), older])
    heights = [float(part.split('"')[0]) for part in html.split(' height="')[1:]]
    assert sorted(heights) == [50.0, 100.0]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (line(), "Jazz, 78 % sure"),
        (line(verdict="unsure", genre="hiphop"), "Not sure: perhaps hip-hop"),
        (line(genre=None), "Not music"),
    ],
)
def test_results_in_a_few_words(result: ResultSummary, told: str) -> None:
    assert views.summary(replace(result)) == told


def test_text_from_outside_is_escaped() -> None:
    nasty = line(name='<img src=x onerror="alert(1)">', genre="<b>")
    wanted = Filter('"><script>')
    html = views.results([nasty], wanted, 0, 1) + views.genres_over_time([nasty])
    assert "<img" not in html
    assert "<b>" not in html
    assert "<script" not in html


def test_pages_of_the_list() -> None:
    lines = [line(n) for n in range(20)]
    first = views.results(lines, Filter(), 0, 45)
    assert "1 to 20 of 45" in first
    assert 'data-id="0" disabled>Newer' in first
    assert 'data-id="20">Older' in first
    last = views.results(lines[:5], Filter("jazz", "not music"), 40, 45)
    assert 'data-id="20">Newer' in last
    assert "disabled>Older" in last
    assert "results.csv?genre=jazz&amp;verdict=not+music" in last
    assert "Older" not in views.results(lines, Filter(), 0, 20)
    assert "None like this" in views.results([], Filter("jazz"), 0, 0)


def test_marks_of_audio_and_links() -> None:
    html = views.results([line(audio_bytes=5, shared_at=NOW)], Filter(), 0, 1)
    assert "audio kept" in html
    assert ">shared<" in html
    assert "audio kept" not in views.results([line()], Filter(), 0, 1)


def test_results_as_files() -> None:
    heard = Classifier.load().predict(sounds.encode(sounds.tune(5.0)))
    result = as_result(heard, "=cmd()")
    kept = StoredResult(line(name=result.name), result.details)
    rows = history.as_csv([kept]).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("When (UTC),Clip,Genre,Verdict,Sure (%),Length (s),blues (%)")
    assert rows[1].startswith("2026-11-21 09:30:00,'=cmd(),")
    (entry,) = json.loads(history.as_json([kept]))
    assert entry["made_at"] == "2026-11-21T09:30:00+00:00"
    assert math.isclose(sum(entry["confidences"].values()), 1.0)
    assert entry["confidences"] == heard.confidences
    assert history.as_csv([]).count(b"\r\n") == 1
