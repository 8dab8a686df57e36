"""How the genre moves through a clip."""

from dataclasses import replace

from genregenie.inference.prediction import Moment
from genregenie.inference.timeline import Run, runs, smoothed, spans
from tests.web.views.results import moments


def test_moments_are_drawn_side_by_side_from_end_to_end():
    found = spans(moments("jazz", "pop", "rock"), 12.0)
    assert found == [(0.0, 4.5), (4.5, 7.5), (7.5, 12.0)]
    assert spans(moments("jazz")[:1], 4.0) == [(0.0, 4.0)]


def test_stretches_of_a_long_file_leave_their_gaps():
    timeline = (
        *moments("jazz", "jazz"),
        *(Moment(m.start_s + 100, m.end_s + 100, m.confidences) for m in moments("pop")),
    )
    assert spans(timeline, 200.0) == [(0.0, 4.5), (4.5, 9.0), (100.0, 106.0)]


def test_a_last_moment_that_is_longer_leaves_no_gap() -> None:
    """A clip of 18.4 s: what does not fill a step of its own goes to the moment before."""
    first, second, last = moments("jazz", "jazz", "pop")
    timeline = [first, second, replace(last, end_s=12.417)]
    assert spans(timeline, 12.417) == [(0.0, 4.5), (4.5, 7.5), (7.5, 12.417)]


def genres_of(*genres: str, end_s: float | None = None) -> list[tuple[float, str]]:
    found = runs(moments(*genres), end_s or 3.0 * len(genres) + 3.0)
    return [(run.start_s, run.genre) for run in found]


def test_what_flickers_is_no_change():
    assert genres_of("jazz") == [(0.0, "jazz")]
    assert genres_of(*["jazz", "pop"] * 4) == [(0.0, "jazz")]
    assert genres_of("jazz", "jazz", "jazz", "pop", "jazz", "jazz") == [(0.0, "jazz")]
    assert genres_of(*["jazz"] * 4, *["metal"] * 4) == [(0.0, "jazz"), (13.5, "metal")]
    # A short beginning goes to what follows, since nothing is before it.
    assert genres_of("pop", *["metal"] * 6) == [(0.0, "metal")]


def test_runs_fill_the_clip_without_a_gap():
    found = runs(moments(*["jazz"] * 5, *["pop"] * 5, *["rock"] * 5), 48.0)
    assert found[0] == Run(0.0, found[1].start_s, "jazz")
    assert [run.genre for run in found] == ["jazz", "pop", "rock"]
    assert found[-1].end_s == 48.0
    assert runs((), 10.0) == []


def test_each_moment_is_meant_with_its_neighbours():
    first, second, third = smoothed(moments("jazz", "pop", "pop"))
    assert (first.confidences["jazz"], first.confidences["pop"]) == (0.5, 0.5)
    assert second.confidences["pop"] == 2 / 3
    assert third.confidences["jazz"] == 0.0
