"""Playlists by ear: as long as asked for, no song twice, in a smooth order if that is wanted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.autotag.qualities import Change, QualityError
from genregenie.model.likeness import unit
from genregenie.recommend import smooth
from genregenie.recommend.acoustic import SAME_RECORDING
from genregenie.recommend.playlist import (
    Request,
    in_smooth_order,
    make_playlist,
    shortfall,
    write_playlist,
)
from genregenie.recommend.songs import NothingFitsError, Songs, Wanted
from tests.recommend.conftest import UNHEARD, make_songs, make_tags


def there(path: str) -> bool:
    return True


def length_of(items) -> float:
    return sum(item.entry.duration_s for item in items)


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    length_s=st.floats(60, 6 * 3600),
    is_like=st.booleans(),
    is_smooth=st.booleans(),
)
def test_as_long_as_asked_for_and_no_song_twice(seed, count, length_s, is_like, is_smooth):
    songs = make_songs(count, seed)
    like = unit(np.random.default_rng(seed).normal(size=(1, 12)))[0] if is_like else None
    request = Request(length_s, like=like, smooth=is_smooth, seed=seed)
    try:
        items = make_playlist(songs, request, there)
    except NothingFitsError:
        alike = songs.directions @ like > 0 if is_like else np.ones(count, bool)
        fit = [e.duration_s for e, is_alike in zip(songs.entries, alike, strict=True) if is_alike]
        assert min(fit, default=np.inf) > length_s
        return
    paths = [item.entry.path for item in items]
    assert len(set(paths)) == len(paths)
    longest = max(item.entry.duration_s for item in items)
    total = length_of(items)
    assert total <= length_s + longest / 2
    if total < length_s - max(entry.duration_s for entry in songs.entries):
        left = [
            row
            for row, entry in enumerate(songs.entries)
            if entry.path not in paths and entry.duration_s <= length_s - total
        ]
        assert not [row for row in left if like is None or songs.directions[row] @ like > 0]
    assert make_playlist(songs, request, there) == items


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1), is_like=st.booleans())
def test_smooth_has_no_longer_way_through_the_same_songs(seed, is_like):
    songs = make_songs(60, seed)
    like = songs.directions[0] if is_like else None
    rough = make_playlist(songs, Request(5400.0, like=like), there)
    even = make_playlist(songs, Request(5400.0, like=like, smooth=True), there)
    assert {i.entry.path for i in rough} == {i.entry.path for i in even}
    assert rough[0].entry == even[0].entry
    ways = [sum(item.step or 0 for item in items) for items in (rough, even)]
    assert ways[1] <= ways[0] + 1e-12
    found = {e.path: row for row, e in enumerate(songs.entries)}
    rows = [found[item.entry.path] for item in even]
    length = smooth.steps(
        [i.entry.tempo_bpm for i in even],
        [i.entry.musical_key for i in even],
        songs.directions[rows],
    )
    assert [item.step for item in even[1:]] == pytest.approx(
        [length[a, b] for a, b in pairwise(range(len(even)))]
    )


def test_the_most_alike_come_first_and_the_song_itself_not_at_all():
    songs = make_songs(50)
    asked = Request(1200.0, like=songs.directions[3], but=songs.entries[3].path)
    items = make_playlist(songs, asked, there)
    alike = [item.alike for item in items]
    assert alike == sorted(alike, reverse=True)
    assert songs.entries[3].path not in {item.entry.path for item in items}
    order = np.argsort(-(songs.directions @ songs.directions[3]))[1:]
    assert items[0].entry == songs.entries[order[0]]


def test_the_same_song_in_other_clothes_comes_once():
    songs = make_songs(4, artist=["A", "The A", "B", ""], duration_s=[100.0] * 4)
    titles = ["Jamming", "Jamming (Live)", "other", "no tags"]
    entries = [replace(e, title=t) for e, t in zip(songs.entries, titles, strict=True)]
    directions = songs.directions.copy()
    directions[3] = directions[2]  # the same sound under another name
    asked = Request(3600.0)
    items = make_playlist(Songs(entries, directions, songs.autotags), asked, there)
    assert len(items) == 2
    assert len({item.entry.artist.removeprefix("The ") or "B" for item in items}) == 2
    assert SAME_RECORDING < 1


def test_another_seed_draws_other_songs():
    songs = make_songs(200)
    one, same, other = (
        [i.entry.path for i in make_playlist(songs, Request(3600.0, seed=seed), there)]
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_giants_do_not_end_a_playlist_early():
    songs = make_songs(30, duration_s=[3000.0 if i % 2 else 200.0 for i in range(30)])
    for seed in range(20):
        total = length_of(make_playlist(songs, Request(3600.0, seed=seed), there))
        assert total >= 3600 - 200


def test_why_there_is_none():
    songs = make_songs(5, duration_s=[200.0, 242.0, 300.0, 300.0, 300.0])
    with pytest.raises(NothingFitsError, match=r"as short as 1:00; the shortest takes 3:20\."):
        make_playlist(songs, Request(60.0), there)
    with pytest.raises(NothingFitsError, match=r"are gone\. Run 'genregenie index' again"):
        make_playlist(songs, Request(3600.0))
    one = make_songs(1)
    with pytest.raises(NothingFitsError, match="but the one that they shall be like"):
        make_playlist(one, Request(3600.0, like=one.directions[0]), there)
    with pytest.raises(NothingFitsError, match=r"None of the songs that fit is like it\."):
        make_playlist(one, Request(3600.0, like=-one.directions[0]), there)


def test_files_that_are_gone_are_passed_over():
    songs = make_songs(20, artist=[""] * 20)
    items = make_playlist(songs, Request(9 * 3600.0), lambda path: not path.endswith("3.mp3"))
    assert len(items) == 18
    assert not [item for item in items if item.entry.path.endswith("3.mp3")]


def test_like_it_but_calmer():
    tags = np.array([make_tags(Mellow=0.5, chill=0.3), make_tags(metal=0.9), make_tags()])
    songs = make_songs(3, tags=tags)
    like = unit(songs.directions.sum(axis=0)[None])[0]
    change = Change.of(["calmer"], make_tags(punk=0.5))
    items = make_playlist(songs, Request(3600.0, like=like, change=change), there)
    assert items[0].entry == songs.entries[0]
    assert songs.entries[1] not in [item.entry for item in items]
    change = Change.of(["older"], make_tags())
    with pytest.raises(NothingFitsError, match="is like it and clearly older"):
        make_playlist(songs, Request(3600.0, like=like, change=change), there)
    unheard = Songs(songs.entries, songs.directions, np.tile(UNHEARD, (3, 1)))
    with pytest.raises(QualityError, match="without --fast"):
        make_playlist(unheard, Request(3600.0, like=like, change=change), there)


def test_a_playlist_on_disk_says_where_songs_lie_from_there(tmp_path):
    songs = make_songs(3, artist=["A & B", "", "C"], duration_s=[100.4, 99.6, 120.0])
    entries = [
        replace(entry, path=str(tmp_path / "music" / name), title=title)
        for entry, name, title in zip(
            songs.entries,
            ("a b.mp3", "#1 <hit>.flac", "é.ogg"),
            ("x\ny", "<script>", "z"),
            strict=True,
        )
    ]
    songs = Songs(entries, songs.directions, songs.autotags)
    items = make_playlist(songs, Request(3600.0), there)
    (tmp_path / "lists").mkdir()
    write_playlist(tmp_path / "lists" / "x.m3u8", items, "x")
    lines = (tmp_path / "lists" / "x.m3u8").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert sorted(lines[1::2]) == [
        "#EXTINF:100,<script>",
        "#EXTINF:100,A & B - x\\ny",
        "#EXTINF:120,C - z",
    ]
    assert sorted(lines[2::2]) == ["../music/#1 <hit>.flac", "../music/a b.mp3", "../music/é.ogg"]
    write_playlist(tmp_path / "music.XSPF", items, "<mine>")
    text = (tmp_path / "music.XSPF").read_text(encoding="utf-8")
    assert "<location>music/%231%20%3Chit%3E.flac</location>" in text
    assert "<title>&lt;mine&gt;</title>" in text
    assert "<annotation>" in text


def test_a_song_in_a_line():
    songs = make_songs(1, genre=["hiphop"], tempo_bpm=[94.6], musical_key=["A minor"])
    (item,) = make_playlist(songs, Request(3600.0, Wanted(genres=("hip-hop",))), there)
    assert item.about == "Hip-hop, 95 BPM, A minor"
    assert item.to_dict()["step"] is None


def test_songs_that_were_chosen_come_in_the_order_that_a_smooth_playlist_has():
    songs = make_songs(60, seed=3)
    as_they_come = make_playlist(songs, Request(3600, seed=1), there)
    in_order = make_playlist(songs, Request(3600, smooth=True, seed=1), there)
    rows = {entry.path: row for row, entry in enumerate(songs.entries)}
    chosen = [rows[item.entry.path] for item in as_they_come]
    assert in_smooth_order(songs, chosen) == [rows[item.entry.path] for item in in_order]
    assert in_smooth_order(songs, chosen) != chosen


def test_too_few_songs_are_said_and_a_little_less_is_not():
    items = make_playlist(make_songs(5), Request(6 * 3600), there)
    assert shortfall(items, 6 * 3600).startswith("No more fits: it is ")
    assert shortfall(items, length_of(items) + 60) == ""
