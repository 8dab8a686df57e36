"""Pauses, in seconds and in words."""

import datetime
import email.utils

import pytest

from genregenie.common.formatting import format_pause
from genregenie.spotify.errors import (
    FailureKind,
    SpotifyUnavailableError,
    retry_after_s,
)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("12", 12), ("0", 0), (None, 30), ("", 30), ("-1", 30), ("nan", 30), ("1e99", 604_800)],
)
def test_retry_after(header, seconds):
    assert retry_after_s(header) == seconds


def test_retry_after_may_be_a_date():
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    assert retry_after_s(email.utils.format_datetime(later)) == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "10 seconds"),
        (30, "30 seconds"),
        (120, "2 minutes"),
        (3600, "an hour"),
        (86_000, "24 hours"),
        (604_800, "7 days"),
    ],
)
def test_pauses_in_words(seconds, words):
    assert format_pause(seconds) == words


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_a_sentence(kind):
    sentence = str(SpotifyUnavailableError(kind))
    assert sentence.endswith(".")
    assert "{" not in sentence
