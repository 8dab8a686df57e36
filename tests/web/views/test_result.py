"""A prediction as HTML: where things are drawn."""

from genregenie.inference.prediction import Moment
from genregenie.web.views import result
from tests.web.views.results import moments


def test_moments_are_drawn_side_by_side_from_end_to_end():
    spans = result.moment_spans(moments("jazz", "pop", "rock"), 12.0)
    assert spans == [(0.0, 4.5), (4.5, 7.5), (7.5, 12.0)]
    assert result.moment_spans(moments("jazz")[:1], 4.0) == [(0.0, 4.0)]


def test_stretches_of_a_long_file_leave_their_gaps():
    timeline = (
        *moments("jazz", "jazz"),
        *(Moment(m.start_s + 100, m.end_s + 100, m.confidences) for m in moments("pop")),
    )
    assert result.moment_spans(timeline, 200.0) == [(0.0, 4.5), (4.5, 9.0), (100.0, 106.0)]
