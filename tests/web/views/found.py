"""Recommendations in which every text comes from somebody who means ill."""

from genregenie.recommend.acoustic import SimilarTrack
from genregenie.recommend.recommender import (
    OnSpotify,
    Recommendations,
    SoundsLike,
    SpotifyAnswer,
)
from genregenie.spotify.tracks import Track

NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)> ${1+1} {{value}}'
TRACK = Track(
    "6f807x0ima9a1j3VPbc7VN",
    NASTY,
    (NASTY,),
    NASTY,
    1999,
    61.4,
    explicit=True,
    artwork="https://i.scdn.co/image/abc",
)
NEIGHBOUR = SoundsLike(SimilarTrack(NASTY, NASTY, NASTY, 0.82), f"because you liked {NASTY}")
ANSWER = SpotifyAnswer("ok", NASTY, (OnSpotify(TRACK, "rock", NASTY),))
FOUND = Recommendations((NEIGHBOUR,), ANSWER)
