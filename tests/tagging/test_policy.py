"""Which genres a file is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.common.genres import GENRES
from genregenie.tagging.policy import MODES, NamesError, TagPolicy, read_names

SURE = {"rock": 0.6, "hiphop": 0.3, "pop": 0.1}


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [
        (TagPolicy(), [], ["Rock", "Hip-hop"]),
        (TagPolicy(), ["Live"], ["Live", "Rock", "Hip-hop"]),
        (TagPolicy(), ["hip hop"], ["hip hop", "Rock"]),
        (TagPolicy(mode="replace"), ["Live"], ["Rock", "Hip-hop"]),
        (TagPolicy(mode="if-empty"), ["Live"], ["Live"]),
        (TagPolicy(mode="if-empty"), [], ["Rock", "Hip-hop"]),
        (TagPolicy(at_most=1), [], ["Rock"]),
        (TagPolicy(threshold=0.1, at_most=9), [], ["Rock", "Hip-hop", "Pop"]),
        (TagPolicy(threshold=0.9), ["Live"], ["Live"]),
        (TagPolicy(mode="replace", threshold=0.9), ["Live"], ["Live"]),
        (
            TagPolicy(names={"rock": ("Rock & Roll", "Guitar")}),
            [],
            ["Rock & Roll", "Guitar", "Hip-hop"],
        ),
    ],
)
def test_genres_after(policy, before, after):
    assert policy.after(before, SURE) == tuple(after)


@pytest.mark.parametrize("join", [", ", "/", " / ", ";", "; ", "\\", "\\\\", "|", " | ", "\0"])
def test_a_list_in_one_text_is_read_as_a_list(join):
    """What is there stays as somebody wrote it, and nothing comes a second time."""
    sure = {"jazz": 0.6, "hiphop": 0.4}
    both = join.join(("Hip Hop", "JAZZ"))
    assert TagPolicy().after([both], sure) == (both,)
    one = join.join(("Jazz", "Live"))
    assert TagPolicy().after([one], sure) == (one, "Hip-hop")
    assert TagPolicy(mode="replace").after([one], sure) == ("Jazz", "Hip-hop")
    assert TagPolicy(mode="if-empty").after([one], sure) == (one,)


@pytest.mark.parametrize(
    ("before", "name", "added"),
    [
        (["Hip-Hop/Rap"], "Hip-Hop/Rap", False),
        (["Rap; Hip-Hop"], "Hip-Hop/Rap", False),
        (["Rap", "Hip-Hop"], "Hip-Hop/Rap", False),
        (["Rap"], "Hip-Hop/Rap", True),
        (["Jazzy"], "Jazz", True),
        (["R&B"], "RnB", True),
        (["Folk, World, & Country"], "Country", False),
    ],
)
def test_a_name_of_ones_own_may_be_a_list_too(before, name, added):
    policy = TagPolicy(names={"jazz": (name,)})
    assert (len(policy.after(before, {"jazz": 0.9})) > len(before)) == added


@given(
    before=st.lists(st.text(min_size=1, max_size=8), max_size=4),
    mode=st.sampled_from(MODES),
    threshold=st.floats(0, 1),
    at_most=st.integers(1, 10),
    scores=st.lists(st.floats(0, 1), min_size=len(GENRES), max_size=len(GENRES)),
)
def test_doing_it_twice_changes_nothing_more(before, mode, threshold, at_most, scores):
    policy = TagPolicy(mode, threshold, at_most)
    confidences = dict(zip(GENRES, scores, strict=True))
    once = policy.after(before, confidences)
    assert policy.after(once, confidences) == once
    assert len(policy.heard(confidences)) <= at_most
    if mode == "add":
        assert set(once[: len(before)]) <= set(before) | set(policy.heard(confidences))


def test_names_of_ones_own(tmp_path):
    path = tmp_path / "names.toml"
    path.write_text('hiphop = "Hip-Hop/Rap"\nmetal = ["Metal", " Heavy "]\n')
    assert read_names(path, GENRES) == {"hiphop": ("Hip-Hop/Rap",), "metal": ("Metal", "Heavy")}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('polka = "Polka"', "'polka', which the model does not know. It knows blues, classical"),
        ("rock = 3", "rock needs a name in quotes"),
        ('rock = ""', "rock needs a name"),
        ("rock = []", "rock needs a name"),
        ('rock = "a\\nb"', "one line"),
        ("rock Rock", 'lines such as hiphop = "Rap"'),
        ("\xff", "lines such as"),
    ],
)
def test_what_is_wrong_with_names_is_said(text, part, tmp_path):
    path = tmp_path / "names.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(NamesError) as caught:
        read_names(path, GENRES)
    assert part in str(caught.value)


def test_a_missing_file_of_names(tmp_path):
    with pytest.raises(NamesError, match="cannot be read: No such file"):
        read_names(tmp_path / "names.toml", GENRES)
