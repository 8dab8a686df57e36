"""Sounds from elsewhere, as a list names them."""

import numpy as np
import pytest

from genregenie.common.errors import DataError
from genregenie.datasets.outside import Outside, read_outside
from tests import sounds

HEAD = "file,kind,genre_original,genre_gtzan,artist,title,licence,source\n"


def test_clips_come_with_what_is_said_of_them(tmp_path):
    (tmp_path / "a.wav").write_bytes(sounds.encode(sounds.tune(3.0)))
    (tmp_path / "b.wav").write_bytes(sounds.encode(sounds.noise(2.0)))
    (tmp_path / "labels.csv").write_text(
        HEAD + "a.wav,music,Jazz,jazz,NA,Tune,CC BY,here\nb.wav,other,rain,,,,CC0,here\n"
    )
    outside = read_outside(tmp_path, jobs=1)
    assert outside.is_music.tolist() == [True, False]
    assert outside.genre.tolist() == ["jazz", ""]
    assert outside.groups.tolist() == ["NA", "b.wav"], "NA is a name here"
    assert [len(sound.embedding) for sound in outside.sounds] == [200, 200]
    assert np.isnan(outside.sounds[0].temporal).all(), "3 s are too short for that"


@pytest.mark.parametrize(
    ("licence", "is_open"),
    [
        ("CC0", True),
        ("CC0 (FreePD)", True),
        ("public domain (US National Park Service)", True),
        ("GPL-2+ / CC BY-SA (Battle for Wesnoth)", True),
        ("CC BY", True),
        ("CC BY 3.0", True),
        ("CC BY-SA 4.0", True),
        ("CC BY-NC-SA 4.0 (MedleyDB)", False),
        ("CC BY-NC-ND 2.0", False),
        ("CC BY-NC 3.0", False),
        ("CC0 or Pixabay Content Licence (per file not stated)", False),
        ("Bensound free licence (attribution; formerly CC BY-ND 3.0)", False),
        ("not stated (a demo folder)", False),
        ("CC (see license.txt)", False),
        ("", False),
    ],
)
def test_which_licences_are_open(licence, is_open):
    one = np.array(["x"])
    outside = Outside(one, one, one, np.array([licence]), np.array([True]), ())
    assert outside.is_open.tolist() == [is_open]


def test_a_list_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="no list of clips"):
        read_outside(tmp_path)
    (tmp_path / "labels.csv").write_text("file,kind\nx,music\n")
    with pytest.raises(DataError, match="no list of clips"):
        read_outside(tmp_path)
    (tmp_path / "labels.csv").write_text(HEAD + "gone.wav,music,,,,,,\n")
    with pytest.raises(DataError, match=r"gone\.wav cannot be used: There is no file"):
        read_outside(tmp_path, jobs=1)
