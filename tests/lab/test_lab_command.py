"""``genregenie lab`` and the Model lab tab's handlers, on what is committed and on small tables."""

import csv
from dataclasses import replace
from functools import partial

import pytest

from genregenie.cli.main import main
from genregenie.lab import results
from genregenie.lab.systems import SYSTEMS
from genregenie.lab.tables import SOURCES
from tests import sounds
from tests.lab.conftest import small_table


@pytest.fixture
def own_csv(tmp_path):
    table = small_table(tracks=30, segments=2, artists=10)
    path = tmp_path / "own.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["filename", "label", *table.columns])
        for i, (track, genre, row) in enumerate(
            zip(table.track, table.genre, table.rows.tolist(), strict=True)
        ):
            writer.writerow([f"{genre}.{track}.{i % 2}.wav", genre, *row])
    return path


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


def test_text_moves_the_answer_towards_what_the_artist_plays(tmp_path):
    from genregenie.lab.text import ask

    def clip(**tags):
        return sounds.encode(sounds.tune(6.0), 22_050, "flac", "flac", tags=tags)

    reggae = ask(clip(artist="Bob Marley", title="Jamming"))
    metal = ask(clip(artist="Metallica", title="Battery"))
    assert reggae.sound == metal.sound
    assert reggae.sound_and_text["reggae"] > metal.sound_and_text["reggae"]
    assert metal.sound_and_text["metal"] > reggae.sound_and_text["metal"]
    nothing = ask(clip())
    assert nothing.sound == nothing.sound_and_text


# --- the tab's handlers --------------------------------------------------------------------------


def test_the_tab_shows_what_is_kept():
    from genregenie.web.ui.tabs import lab
    from genregenie.web.views import lab as views

    for key in "ABCDE":
        _, protocols, models = lab.choices(key)
        html = lab.show(key, protocols["value"], models["value"])
        assert f"System {key}" in html
        assert "Confusion matrix" in html
        assert "Learning curve" in html
        for _, kind in protocols["choices"]:
            assert "Scores" in lab.show(key, kind, models["value"])
    assert "87.0" in views.headlines(results.read("headlines"))
    assert "Nothing is kept" in views.headlines([])


def test_the_tab_runs_a_comparison(monkeypatch, table):
    from genregenie.lab import runs
    from genregenie.web.ui.tabs import lab

    monkeypatch.setattr(runs, "data", lambda system, name: table)
    monkeypatch.setattr(runs, "under", partial(runs.under, jobs=1))
    monkeypatch.setattr(lab, "system", lambda key: replace(SYSTEMS[key], seeds=1))
    *_, last = lab.run_again("E", "gtzan", "grouped")
    assert "Scores" in last
    assert "By genre" in last
    assert "no artist" in last.lower()


def test_the_tab_says_when_there_is_no_data(monkeypatch, tmp_path):
    from genregenie.web.ui.tabs import lab

    monkeypatch.setenv("GENREGENIE_SHARED", str(tmp_path))
    (only,) = lab.run_again("B", "segments", "grouped")
    assert "not on this machine" in only


def test_the_tab_explores_kept_tables_and_ones_own(own_csv, tmp_path):
    from genregenie.web.ui.tabs import lab_tables

    _, html, feature = lab_tables.explored("spotify")
    assert html.count("<svg") == 6
    assert feature["value"] == "tempo"
    assert "tempo" in feature["choices"]
    assert all(lab_tables._features(name) for name in SOURCES)
    found, html, _ = lab_tables.explored_file(str(own_csv))
    assert "tempo by genre" in html
    assert "rms_mean by genre" in lab_tables.explored_feature("gtzan", found, "rms_mean")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert "no column of genres" in lab_tables.explored_file(str(tmp_path / "bad.csv"))[1]


def test_the_tab_asks_system_a(tmp_path):
    from genregenie.web.ui.tabs import lab

    path = tmp_path / "clip.flac"
    path.write_bytes(
        sounds.encode(sounds.tune(6.0), 22_050, "flac", "flac", tags={"artist": "<b>"})
    )
    html = lab.ask_a(str(path))
    assert "By sound and tags" in html
    assert "<b>" not in html
    path.write_bytes(b"no music")
    assert "not audio" in lab.ask_a(str(path))
