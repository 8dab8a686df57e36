"""The record that gives a file back to the byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.tagging.delta import DeltaError, difference, restored
from tests.tagging import files

SOUND = np.random.default_rng(7).bytes(20_000)


def back(old: bytes, new: bytes) -> bytes:
    return b"".join(restored(new, difference(old, new)))


@st.composite
def edited(draw) -> tuple[bytes, bytes]:
    """A file, and the same with stretches removed, inserted, changed and moved."""
    old = draw(st.binary(max_size=300)) + SOUND[: draw(st.integers(0, 20_000))]
    new = old
    for _ in range(draw(st.integers(0, 6))):
        at, end = sorted(draw(st.tuples(*2 * [st.integers(0, len(new))])))
        what = draw(st.sampled_from(["remove", "insert", "change", "move"]))
        if what == "remove":
            new = new[:at] + new[end:]
        elif what == "insert":
            new = new[:at] + draw(st.binary(max_size=200)) + new[at:]
        elif what == "change":
            new = new[:at] + draw(st.binary(max_size=8)) + new[at + 8 :]
        else:
            new = new[at:end] + new[:at] + new[end:]
    return old, new


@given(pair=edited())
def test_whatever_was_changed_comes_back(pair):
    old, new = pair
    assert back(old, new) == old
    assert back(new, old) == new


@pytest.mark.parametrize("old", [b"", b"a", SOUND])
@pytest.mark.parametrize("new", [b"", b"b", SOUND[::-1]])
def test_files_with_nothing_in_common(old, new):
    assert back(old, new) == old


def test_what_only_moved_is_not_kept_twice():
    cover = files.COVER
    old = b"title" * 40 + cover + b"genre" * 3 + SOUND
    new = cover + b"GENRE" * 30 + b"title" * 40 + SOUND
    assert back(old, new) == old
    assert len(difference(old, new)) < 400


def test_checksums_changed_all_over_cost_only_themselves():
    pages = [SOUND[i : i + 400] for i in range(0, 20_000, 400)] * 20
    old = b"".join(i.to_bytes(8, "big") + page for i, page in enumerate(pages))
    new = b"x" * 500 + b"".join((i + 1).to_bytes(8, "big") + p for i, p in enumerate(pages))
    assert back(old, new) == old
    assert len(difference(old, new)) < 60 * len(pages)


def test_another_file_is_refused_before_anything_is_written():
    record = difference(b"old" + SOUND, b"new" + SOUND)
    for other in (b"New" + SOUND, b"new" + SOUND + b"x", b""):
        with pytest.raises(DeltaError):
            next(restored(other, record))
