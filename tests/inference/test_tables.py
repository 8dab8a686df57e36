"""Results in the files and layouts of others."""

import csv
import json

import pandas as pd
import pytest

import genregenie
from genregenie.cli.main import main
from genregenie.common import resources
from genregenie.inference.acousticbrainz import document
from genregenie.inference.prediction import Prediction

EXAMPLES = resources.assets() / "examples"
FILES = [EXAMPLES / "jazz.mp3", EXAMPLES / "metal.mp3", "missing.mp3"]


@pytest.fixture(scope="module")
def results():
    return list(genregenie.classify_many(FILES, backend="serial", fast=True))


def test_a_frame_has_a_row_for_each_result(results):
    frame = genregenie.to_frame(results, FILES)
    assert frame.index.tolist() == [str(file) for file in FILES]
    assert frame.genre.iloc[:2].tolist() == ["jazz", "metal"]
    shares = frame.filter(like="confidence_").iloc[:2].drop(columns=["confidence_pop"])
    assert shares.confidence_jazz.iloc[0] == results[0].confidence
    assert frame.error.iloc[2] == "There is no file with this name."
    assert frame.iloc[2].drop("error").isna().all()
    assert frame.error.iloc[:2].isna().all()


def test_a_frame_of_nothing_and_of_failures_alone(results):
    assert len(genregenie.to_frame([])) == 0
    assert genregenie.to_frame(results[2:]).error.notna().all()
    with pytest.raises(ValueError, match="3 results and 1 files"):
        genregenie.to_frame(results, FILES[:1])


def test_classify_writes_all_three(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    targets = {name: tmp_path / f"results.{name}" for name in ("csv", "jsonl", "parquet")}
    words = [word for name, path in targets.items() for word in (f"--{name}", str(path))]
    assert main(["classify", *map(str, FILES), *words, "--jobs", "1"]) == 1
    capsys.readouterr()
    with targets["csv"].open(newline="") as file:
        of_csv = list(csv.DictReader(file))
    lines = [json.loads(line) for line in targets["jsonl"].read_text().splitlines()]
    frame = pd.read_parquet(targets["parquet"])
    assert [row["file"] for row in of_csv] == [line["file"] for line in lines]
    assert frame.file.tolist() == [str(file) for file in FILES]
    assert frame.confidence_jazz[0] == lines[0]["confidences"]["jazz"]
    assert float(of_csv[1]["tempo_bpm"]) == lines[1]["tempo_bpm"] == frame.tempo_bpm[1]
    assert of_csv[2]["error"] == lines[2]["error"] == frame.error[2]


def test_a_table_that_cannot_be_written_is_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    for name in ("csv", "parquet"):
        target = tmp_path / "nowhere" / f"a.{name}"
        assert main(["classify", str(FILES[0]), f"--{name}", str(target), "--jobs", "1"]) == 1
        assert f"{target} cannot be written: " in capsys.readouterr().err


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    words = ["classify", str(FILES[0]), "--parquet", str(tmp_path / "a"), "--jobs", "1"]
    assert main(words) == 1
    assert "pip install 'genregenie[parquet]'" in capsys.readouterr().err


def test_documents_have_the_names_of_acousticbrainz(results, monkeypatch, capsys):
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    assert main(["classify", "--acousticbrainz", *map(str, FILES), "--jobs", "1"]) == 1
    said = capsys.readouterr()
    assert said.err == "missing.mp3: There is no file with this name.\n"
    _, metal = json.loads(said.out)
    heard = results[1]
    assert isinstance(heard, Prediction)
    assert metal == json.loads(json.dumps(document(str(FILES[1]), heard)))
    genre = metal["highlevel"]["genre_tzanetakis"]
    assert (genre["value"], genre["probability"]) == ("met", heard.confidence)
    assert sum(genre["all"].values()) == pytest.approx(1.0)
    assert (metal["tonal"]["key_key"], metal["tonal"]["key_scale"]) == ("E", "minor")
    assert metal["rhythm"]["bpm"] == heard.tempo_bpm
    mfcc = metal["lowlevel"]["mfcc"]
    assert (len(mfcc["mean"]), len(mfcc["cov"]), len(mfcc["cov"][0])) == (13, 13, 13)
    assert metal["metadata"]["tags"]["artist"] == ["GenreGenie"]
