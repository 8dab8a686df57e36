"""Of how many clips the artist is known."""

from genregenie.common.artists import ArtistCount


def test_how_many_are_known_is_said_in_a_sentence():
    origins = ["tag"] * 30 + ["folder"] * 10 + ["unknown"] * 56
    artists = [f"artist {i % 12}" for i in range(40)] + [""] * 56
    known = ArtistCount.of(artists, origins)
    sentence = "96 clips, the artist known of 40 (by tag 30, by folder 10), 12 artists"
    assert str(known) == sentence
    assert ArtistCount.from_dict(known.to_dict()) == known
    assert str(ArtistCount.of([""], ["unknown"])) == "1 clip, the artist known of none"
    same = ArtistCount.of(["a", "a"], ["table", "table"])
    assert str(same) == "2 clips, the artist known of 2, 1 artist"
