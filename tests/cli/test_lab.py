"""``genregenie lab``, on what is committed and on small tables."""

import pytest

from genregenie.cli.main import main
from genregenie.lab.tables import SOURCES
from tests import sounds


def test_it_lists_what_there_is(capsys):
    assert main(["lab", "--list"]) == 0
    out = capsys.readouterr().out
    assert "keeps apart: feature vector" in out
    assert all(name in out for name in SOURCES)


def test_it_prints_what_is_kept(capsys):
    assert main(["lab", "--cached"]) == 0
    out = capsys.readouterr().out
    assert "boosted_trees" in out
    assert "0.900" in out


@pytest.mark.parametrize("show", ["scores", "report", "confusion", "curve"])
def test_one_comparison_on_ones_own_table(own_csv, capsys, show):
    options = ["--system", "b", "--table", str(own_csv), "--protocol", "tracks"]
    assert main(["lab", *options, "--model", "cosine", "--jobs", "1", "--show", show]) == 0
    out = capsys.readouterr().out
    wanted = {
        "scores": "tracks, voted",
        "report": "precision",
        "confusion": "really",
        "curve": "training rows",
    }
    assert wanted[show] in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--system", "Z"], "There is no system Z"),
        (["--system", "B", "--table", "vinyl"], "There is no table vinyl"),
        (["--system", "B", "--protocol", "luck", "--table", "OWN"], "There is no protocol luck"),
        (["--system", "D", "--table", "OWN"], "MFCC statistics"),
        (["--system", "B", "--table", "OWN", "--model", "oracle"], "no model oracle"),
        (["--system", "B", "--table", "missing.csv"], "There is no table at"),
        (["--cached", "--output", "OWN"], "There are no figures yet"),
    ],
)
def test_wrong_use_gets_a_sentence(own_csv, capsys, options, sentence):
    given = [str(own_csv) if o == "OWN" else o for o in options]
    assert main(["lab", *given]) == 1
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_a_protocol_alone_is_wrong_use(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["lab", "--protocol", "tracks"])
    assert stop.value.code == 2


@pytest.mark.slow
def test_asking_system_a_reads_the_tags(tmp_path, capsys):
    path = tmp_path / "clip.flac"
    tags = {"artist": "Bob Marley", "title": "Jamming"}
    path.write_bytes(sounds.encode(sounds.tune(6.0), 22_050, "flac", "flac", tags=tags))
    assert main(["lab", "--ask", str(path)]) == 0
    out = capsys.readouterr().out
    assert "Tags: Bob Marley Jamming" in out
    path.write_bytes(sounds.encode(sounds.tune(6.0), 22_050, "flac", "flac"))
    assert main(["lab", "--ask", str(path)]) == 0
    assert "Tags: none" in capsys.readouterr().out
    path.write_bytes(b"no music")
    assert main(["lab", "--ask", str(path)]) == 1
