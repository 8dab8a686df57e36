"""The Model lab tab's handlers, on what is committed and on small tables."""

from dataclasses import replace
from functools import partial

import pytest

from genregenie.lab import results
from genregenie.lab.records import Headline
from genregenie.lab.systems import SYSTEMS
from genregenie.lab.tables import SOURCES
from tests import sounds


def test_text_moves_the_answer_towards_what_the_artist_plays(tmp_path):
    from genregenie.lab.hearing import hear
    from genregenie.lab.text import ask

    def clip(**tags):
        return hear(sounds.encode(sounds.tune(6.0), 22_050, "flac", "flac", tags=tags))

    reggae = ask(clip(artist="Bob Marley", title="Jamming"))
    metal = ask(clip(artist="Metallica", title="Battery"))
    assert reggae.sound == metal.sound
    assert reggae.sound_and_text["reggae"] > metal.sound_and_text["reggae"]
    assert metal.sound_and_text["metal"] > reggae.sound_and_text["metal"]
    nothing = ask(clip())
    assert nothing.sound == nothing.sound_and_text


@pytest.mark.slow
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
    assert "87.0" in views.headlines(results.read(Headline))
    assert "Nothing is kept" in views.headlines([])


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
