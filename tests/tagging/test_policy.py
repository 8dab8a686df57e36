"""What the tags of a file are given."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.autotag.vocabulary import GROUPS as GROUPS_OF_TAGS
from genregenie.cli import arguments, tag
from genregenie.common.genres import GENRES
from genregenie.features.key import KEYS
from genregenie.tagging.policy import FIELD_OF, MODES, NamesError, TagPolicy, read_names, short_key
from tests.tagging.conftest import heard_tags

SURE = {"rock": 0.6, "hiphop": 0.3, "pop": 0.1}


def after(policy, before, confidences=SURE):
    """The genres of a file, once it is tagged."""
    return policy.after({"genre": tuple(before)}, policy.wanted(confidences))["genre"]


@pytest.mark.parametrize(
    ("policy", "before", "wanted"),
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
def test_genres_after(policy, before, wanted):
    assert after(policy, before) == tuple(wanted)


@pytest.mark.parametrize("join", [", ", "/", " / ", ";", "; ", "\\", "\\\\", "|", " | ", "\0"])
def test_a_list_in_one_text_is_read_as_a_list(join):
    """What is there stays as somebody wrote it, and nothing comes a second time."""
    sure = {"jazz": 0.6, "hiphop": 0.4}
    both = join.join(("Hip Hop", "JAZZ"))
    assert after(TagPolicy(), [both], sure) == (both,)
    one = join.join(("Jazz", "Live"))
    assert after(TagPolicy(), [one], sure) == (one, "Hip-hop")
    assert after(TagPolicy(mode="replace"), [one], sure) == ("Jazz", "Hip-hop")
    assert after(TagPolicy(mode="if-empty"), [one], sure) == (one,)


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
    assert (len(after(policy, before, {"jazz": 0.9})) > len(before)) == added


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
    once = after(policy, before, confidences)
    assert after(policy, once, confidences) == once
    heard = policy.wanted(confidences).get("genre", ())
    assert len(heard) <= at_most
    if mode == "add":
        assert set(once[: len(before)]) <= set(before) | set(heard)


# --- tags that are heard ---------------------------------------------------------------------

ALL = ("style", "era", "mood", "voice")
HEARD = heard_tags(
    *("Hip-Hop", "rnb", "female vocalist", "80s", "sad", "indie rock"),
    *("female vocalists", "Mellow", "guitar", "chill", "oldies", "00s"),
)


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (TagPolicy(), {"genre": ("Rock", "Hip-hop")}),
        (TagPolicy(kinds=("style",)), {"genre": ("Rock", "Hip-hop", "R&B")}),
        (TagPolicy(kinds=("mood",)), {"genre": ("Rock", "Hip-hop"), "mood": ("sad", "mellow")}),
        (
            TagPolicy(at_most=1, kinds=ALL),
            {"genre": ("Rock", "Hip-hop"), "grouping": ("80s", "female vocalists")}
            | {"mood": ("sad",)},
        ),
        (
            TagPolicy(at_most=9, kinds=("voice", "style")),
            {"genre": ("Rock", "Hip-hop", "R&B", "Indie rock")}
            | {"grouping": ("female vocalists", "guitar")},
        ),
        (
            TagPolicy(kinds=ALL, names={"hiphop": ("Rap",), "80s": ("1980s",), "sad": ("a", "b")}),
            {"genre": ("Rock", "Rap", "R&B"), "mood": ("a", "b", "mellow")}
            | {"grouping": ("1980s", "oldies", "female vocalists", "guitar")},
        ),
        (
            TagPolicy(kinds=("style",), names={"Hip-Hop": ("Beats",)}),
            {"genre": ("Rock", "Hip-hop", "Beats", "R&B")},
        ),
    ],
)
def test_heard_tags_are_wanted_under_the_names_that_people_write(policy, wanted):
    assert policy.wanted(SURE, HEARD) == wanted


def test_of_an_unsure_file_only_heard_tags_are_wanted():
    policy = TagPolicy(kinds=("style", "mood"))
    assert policy.wanted(SURE, HEARD, is_sure=False) == {
        "genre": ("Hip-hop", "R&B"),
        "mood": ("sad", "mellow"),
    }
    assert policy.wanted(SURE, (), is_sure=False) == {}


@pytest.mark.parametrize(
    ("mode", "after"),
    [
        ("add", {"mood": ("Sad", "calm", "mellow"), "grouping": ("80s", "oldies")}),
        ("replace", {"mood": ("sad", "mellow"), "grouping": ("80s", "oldies")}),
        ("if-empty", {"mood": ("Sad", "calm"), "grouping": ("80s", "oldies")}),
    ],
)
def test_each_field_is_added_to_replaced_or_left_by_itself(mode, after):
    policy = TagPolicy(mode, kinds=("era", "mood"))
    before = {"genre": ("Live",), "mood": ("Sad", "calm"), "grouping": ()}
    assert policy.after(before, policy.wanted({}, HEARD)) == {"genre": ("Live",)} | after


def test_what_has_no_place_is_left_out():
    policy = TagPolicy(kinds=("mood",))
    assert policy.after({"genre": ()}, policy.wanted(SURE, HEARD)) == {"genre": ("Rock", "Hip-hop")}


# --- tempo and key ---------------------------------------------------------------------------


def test_tempo_and_key_are_written_as_tags_spell_them():
    policy = TagPolicy(kinds=("mood", "tempo", "key"))
    assert policy.wanted({}, (), 117.6, "Bb minor") == {"tempo": ("118",), "key": ("Bbm",)}
    assert policy.wanted({}, (), None, None) == {}
    assert TagPolicy(kinds=("mood",)).wanted({}, (), 117.6, "Bb minor") == {}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_three_characters_at_most(name):
    """As the standard for ID3 has it."""
    assert re.fullmatch("[A-G][b#]?m?", short_key(name))
    assert short_key(name).endswith("m") == name.endswith("minor")


@pytest.mark.parametrize(
    ("mode", "tempo", "key"),
    [("add", "117.98", "8A"), ("replace", "118", "Am"), ("if-empty", "117.98", "8A")],
)
def test_a_song_has_one_tempo_and_one_key(mode, tempo, key):
    policy = TagPolicy(mode, kinds=("tempo", "key"))
    wanted = policy.wanted({}, (), 118.0, "A minor")
    before = {"genre": (), "tempo": ("117.98",), "key": ("8A",)}
    assert policy.after(before, wanted) == {"genre": (), "tempo": (tempo,), "key": (key,)}
    empty = {"genre": (), "tempo": (), "key": ()}
    assert policy.after(empty, wanted) == {"genre": (), "tempo": ("118",), "key": ("Am",)}
    assert policy.after(before, {}) == before


def test_the_command_line_knows_modes_and_groups_without_their_rooms():
    assert tag.MODES == MODES
    assert set(arguments.GROUPS) == set(GROUPS_OF_TAGS)
    assert set(arguments.KINDS) == set(FIELD_OF)


# --- names -----------------------------------------------------------------------------------


def test_names_of_ones_own(tmp_path):
    path = tmp_path / "names.toml"
    path.write_text(
        'hiphop = "Hip-Hop/Rap"\nmetal = ["Metal", " Heavy "]\n"indie rock" = "Indie"\n'
    )
    assert read_names(path, GENRES) == {
        "hiphop": ("Hip-Hop/Rap",),
        "metal": ("Metal", "Heavy"),
        "indie rock": ("Indie",),
    }


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
