"""The question whether a verdict was right."""

import re

from genregenie.common.genres import GENRES
from genregenie.web.views import feedback
from tests.web.views.results import prediction


def test_every_genre_can_be_said_once() -> None:
    for result in (prediction(jazz=0.9), prediction("unsure", jazz=0.5, rock=0.4)):
        html = feedback.question(result, "0f")
        said = re.findall(r'(?:data-genre|option value)="(\w+)"', html)
        assert sorted(said) == sorted(GENRES)
