"""The second classifier: trees, model, tables of tracks, the command, the tab's handlers."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from genregenie.cli.main import main
from genregenie.common import resources
from genregenie.common.errors import DataError
from genregenie.lab.estimators import BoostingEnsemble
from genregenie.lab.spotify_training import card as model_card
from genregenie.lab.spotify_training import ship
from genregenie.model.model import ModelError
from genregenie.model.scorers import tempered
from genregenie.spotify_features.exportify import KEYS, read_sheet
from genregenie.spotify_features.metadata import Metadata
from genregenie.spotify_features.model import NAME, SpotifyModel, display_name, shipped
from genregenie.spotify_features.report import HEADER, as_rows
from genregenie.spotify_features.trees import TreeEnsemble
from genregenie.spotify_features.vectors import SPOTIFY_COLUMNS, spotify_vectors
from tests.lab.conftest import small_table, spotify_like

EXPORTIFY = (
    "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity,"
    "Explicit,Danceability,Energy,Key,Loudness,Mode,Speechiness,Acousticness,Instrumentalness,"
    "Liveness,Valence,Tempo,Time Signature\n"
    'x:1,Roller,LP,"Ana, Ben",2019,285257,40,false,0.517,0.901,1,-5,0,0.056,0.003,0.7,0.13,'
    "0.208,174.006,4\n"
    "x:2,=Café,LP,Zoë,2020,,41,false,0.8,oops,0,-5,1,0.3,0.1,0,0.1,0.5,90.0,4\n"
)

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def sheet_of(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "tracks.csv"
    path.write_bytes(text.encode(encoding))
    return path


# --- trees and model -------------------------------------------------------------------------


def test_trees_give_what_scikit_learn_gives_from_memory_and_from_disk(tmp_path):
    table = spotify_like()
    vectors = spotify_vectors(table.rows)
    bag = BoostingEnsemble(members=2, rounds=4).fit(vectors[:400], table.labels[:400])
    trees = TreeEnsemble.of(bag.members_)
    trees.save(tmp_path / "t.npz")
    for own in (trees, TreeEnsemble.load(tmp_path / "t.npz")):
        found = tempered(own.decisions(vectors), 1.0)
        assert found == pytest.approx(bag.predict_proba(vectors), abs=1e-6)
    assert (bag.predict(vectors[400:]) == table.labels[400:]).mean() > 0.6
    assert trees.decisions(vectors[:0]).shape == (0, 3)


def forged(trees: TreeEnsemble, **changes):
    arrays = dict(vars(trees))
    for name, (index, value) in changes.items():
        arrays[name] = arrays[name].copy()
        arrays[name][index] = value
    return arrays


@pytest.mark.parametrize(
    "changes",
    [
        {"left": (0, 60_000)},
        {"right": (0, 0)},
        {"cut": (0, 60_000)},
        {"roots": (1, 0)},
    ],
    ids=["out of the tree", "in a circle", "no such value", "empty tree"],
)
def test_forged_trees_are_refused(tmp_path, changes):
    table = spotify_like()
    bag = BoostingEnsemble(members=1, rounds=2).fit(spotify_vectors(table.rows), table.labels)
    np.savez(tmp_path / "t.npz", **forged(TreeEnsemble.of(bag.members_), **changes))
    with pytest.raises(ValueError, match="tree"):
        TreeEnsemble.load(tmp_path / "t.npz")


def test_shipping_writes_a_folder_that_answers(tmp_path):
    table, folder = spotify_like(), tmp_path / "model"
    said = []
    made = ship(table, folder, said.append, rounds=3)
    model = SpotifyModel.load(folder)
    assert model.genres == table.genres
    assert made.held_out.accuracy > 0.5
    assert made.trained_on.vectors == 540
    card = (folder / "README.md").read_text()
    assert "terms" in card
    assert f"{made.held_out.accuracy:.3f}" in card
    assert {p.name for p in folder.iterdir()} == {
        "README.md",
        "arrays.npz",
        "confusion.csv",
        "model.json",
        "per_genre.csv",
    }
    ship(table, folder, rounds=2)  # a model may be replaced
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="not a model"):
        ship(table, tmp_path / "thesis", rounds=2)
    with pytest.raises(DataError, match="columns"):
        ship(small_table(), folder, rounds=2)


def test_models_that_cannot_be_read_say_so(tmp_path):
    with pytest.raises(ModelError, match="no Spotify-features model"):
        SpotifyModel.load(tmp_path)
    for name in ("model.json", "arrays.npz"):
        (tmp_path / name).write_bytes((resources.models() / NAME / name).read_bytes())
    (tmp_path / "arrays.npz").write_bytes(b"PK nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        SpotifyModel.load(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 99}')
    with pytest.raises(ModelError):
        SpotifyModel.load(tmp_path)


def test_the_shipped_description_and_card_are_what_would_be_written_today():
    folder = resources.models() / NAME
    text = (folder / "model.json").read_text(encoding="utf-8")
    metadata = Metadata.from_dict(json.loads(text))
    assert json.dumps(metadata.to_dict(), indent=2, ensure_ascii=False) + "\n" == text
    with (folder / "per_genre.csv").open(newline="", encoding="utf-8") as file:
        report = list(csv.DictReader(file))
    assert model_card(metadata, report) == (folder / "README.md").read_text(encoding="utf-8")


def test_the_shipped_model_knows_its_typical_tracks():
    model = shipped()
    assert len(model.genres) == 15
    for genre in ("dnb", "psytrance", "techhouse", "hardstyle", "Emo", "Underground Rap"):
        (verdict,) = model.judge(model.examples[genre][None])
        assert genre in [g for g, _ in verdict.top], genre
        assert verdict.confidence == max(p for _, p in verdict.top)
    (unknown,) = model.judge(np.full((1, 10), np.nan))
    assert (unknown.genre, unknown.imputed) == (None, ())
    assert display_name("RnB") == "R&B"


def test_what_is_promised_of_the_shipped_model():
    held_out = json.loads((resources.models() / NAME / "model.json").read_text())["held_out"]
    assert held_out["macro_f1"] > 0.6
    assert held_out["ece"] < 0.05
    assert held_out["accuracy"] < held_out["ceiling"] < 0.95


@pytest.mark.slow
@hypothesis(max_examples=50)
@given(st.lists(st.floats(allow_infinity=False), min_size=10, max_size=10))
def test_any_numbers_get_confidences(values):
    confidences = shipped().confidences(np.array([values]))
    assert np.isfinite(confidences).all()
    assert confidences.sum() == pytest.approx(1.0)


def test_the_shipped_model_runs_without_scikit_learn():
    code = (
        "import sys; from genregenie.spotify_features.model import shipped; import numpy as np;"
        "shipped().judge(np.ones((1, 10))); sys.exit('sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=resources.checkout())


# --- tables ----------------------------------------------------------------------------------


def test_exportify_is_understood(tmp_path):
    sheet = read_sheet(sheet_of(tmp_path, EXPORTIFY))
    assert sheet.names == ("Ana, Ben \N{EN DASH} Roller", "Zoë \N{EN DASH} =Café")
    first = dict(zip(SPOTIFY_COLUMNS, sheet.rows[0], strict=True))
    assert first["tempo"] == 174.006
    assert first["duration_ms"] == 285257
    assert np.isnan(sheet.rows[1]).sum() == 2
    told = " ".join(sheet.notes)
    assert "energy is not usable in 1 track" in told
    assert "duration_ms is empty in 1 track" in told


@pytest.mark.slow
def test_a_row_without_a_single_audio_feature_gets_no_genre_and_the_reason(tmp_path, capsys):
    """As Exportify writes local files, and tracks of which Spotify says nothing."""
    nothing = "x:3,Local,,Me,,200000,0,false,,,,,,,,,,,,\n"
    rubbish = "x:4,Rubbish,,Me,,,0,false,x,-1,99,?,5,,,,,,,\n"
    path = sheet_of(tmp_path, EXPORTIFY + nothing + rubbish)
    sheet = read_sheet(path)
    alone = read_sheet(sheet_of(tmp_path, EXPORTIFY))
    assert sheet.notes[:-1] == alone.notes  # nothing was filled in for tracks without a genre
    assert sheet.notes[-1] == (
        "No audio feature is known of 2 tracks, so no genre is given: "
        "Me \N{EN DASH} Local, Me \N{EN DASH} Rubbish."
    )
    model = shipped()
    assert model.judge(sheet.rows)[:2] == model.judge(alone.rows)
    assert [v.genre for v in model.judge(sheet.rows)[2:]] == [None, None]
    assert {len(row) for row in as_rows(sheet, model.judge(sheet.rows))} == {len(HEADER)}
    sheet_of(tmp_path, EXPORTIFY + nothing)
    assert main(["spotify-features", str(path)]) == 0
    assert "no genre" in capsys.readouterr().out
    assert main(["spotify-features", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["tracks"][2] == {
        "track": "Me \N{EN DASH} Local",
        "genre": None,
        "confidence": None,
        "top": [],
        "imputed": [],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_spellings_are_understood(tmp_path, encoding, delimiter):
    lines = [
        ["Title", "Artist", "BPM", "Dance", "Energy", "Key", "Mode", "Valence"],
        ["Été", "Zoë", "128", "70", "80", "F#", "Major", "33"],
        ["Hiver", "Zoë", "64,5", "55", "20", "Bb minor", "minor", "50"],
    ]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    sheet = read_sheet(sheet_of(tmp_path, text, encoding))
    assert sheet.names[0] == "Zoë \N{EN DASH} Été"
    rows = [dict(zip(SPOTIFY_COLUMNS, row, strict=True)) for row in sheet.rows.tolist()]
    assert (rows[0]["key"], rows[0]["mode"], rows[1]["key"]) == (6.0, 1.0, 10.0)
    assert rows[0]["danceability"] == 0.7
    assert rows[1]["tempo"] == 64.5
    assert any("per cent" in note for note in sheet.notes)
    assert sheet.notes[0].startswith("Not in the table")
    assert "liveness" in sheet.notes[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a CSV"),
        (b"name,colour\na,b\n", "no column of Spotify's"),
        (b"tempo,energy\n", "no tracks"),
        (b'tempo\n"' + b"x" * 200_000, "not a CSV"),
    ],
)
def test_files_that_are_no_tables_of_tracks(tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_sheet(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="no file"):
        read_sheet(tmp_path / "x.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_sheet(tmp_path)


@pytest.mark.slow
@hypothesis(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(SPOTIFY_COLUMNS), CELLS), min_size=1, max_size=12))
def test_whatever_the_cells_hold_every_value_is_possible_or_unknown(tmp_path_factory, cells):
    frame = pd.DataFrame([[text for _, text in cells]], columns=[c for c, _ in cells])
    path = tmp_path_factory.mktemp("any") / "t.csv"
    frame.assign(tempo="120").to_csv(path, index=False)
    row = read_sheet(path).rows[0]
    confidences = shipped().confidences(row[None])
    assert confidences.sum() == pytest.approx(1.0)


# --- command and tab ---------------------------------------------------------------------------


def test_the_command_prints_lines_and_objects(tmp_path, capsys):
    path = sheet_of(tmp_path, EXPORTIFY)
    assert main(["spotify-features", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "Drum and bass" in out.splitlines()[0]
    assert "energy is not usable" in err
    assert main(["spotify-features", "--json", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["tracks"][0]["genre"] == "dnb"
    assert len(answer["tracks"][0]["top"]) == 5
    assert answer["tracks"][1]["imputed"] == ["energy", "duration_ms"]
    assert main(["spotify-features", str(tmp_path / "none.csv")]) == 1
    assert "There is no file" in capsys.readouterr().err


def test_the_tab_answers_tables_and_sliders(tmp_path, monkeypatch):
    from genregenie.web.ui.tabs import spotify_features as tab

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = str(sheet_of(tmp_path, EXPORTIFY))
    notes, table, csv = tab.judge_table(path)
    assert "Named 2 tracks" in notes
    assert table["value"].iloc[0, 1] == "Drum and bass"
    lines = Path(csv["value"]).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("Track,Genre,Sure (%)")
    assert len(lines) == 3
    assert tab.spotify_features(path)["error"] is None
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert "no column" in tab.judge_table(str(tmp_path / "bad.csv"))[0]
    assert "no column" in tab.spotify_features(str(tmp_path / "bad.csv"))["error"]

    values = tab._settings(shipped().examples["dnb"])
    assert "Drum and bass" in tab.judge(*values).split("</li>")[0]
    assert "Filled in: tempo" in tab.judge(*values[:6], None, *values[7:])
    assert values[-2] in KEYS


def test_names_from_outside_are_escaped(tmp_path):
    from genregenie.web.ui.tabs import spotify_features as tab

    path = sheet_of(tmp_path, "tempo,<script>\n120,x\n")
    assert "<script" not in tab.judge_table(str(path))[0]
