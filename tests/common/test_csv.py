"""No spreadsheet runs what a CSV of ours holds: every writer meets the same six cells."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

import genregenie
from genregenie.accounts.results import ResultSummary, StoredResult
from genregenie.audio.scan import AudioPath
from genregenie.common.formatting import csv_bytes, csv_lines
from genregenie.evaluation.metrics import ReliabilityBin
from genregenie.evaluation.protocols import PROTOCOLS
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.lab import records, results
from genregenie.recommend import export
from genregenie.recommend.recommender import OnSpotify, Recommendations, SpotifyAnswer
from genregenie.spotify.tracks import Track
from genregenie.tagging import reports
from genregenie.tagging.tagger import Item
from genregenie.training import artifacts
from genregenie.training.compare import Scores
from genregenie.training.parts import Parts
from genregenie.web.portal import history
from genregenie.web.ui.tabs import spotify_features
from genregenie.web.views import batch
from genregenie.web.views.songs import Heard

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1")


def read(path: Path, encoding: str = "utf-8") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


def recommended(folder: Path) -> list[list[str]]:
    tracks = tuple(
        OnSpotify(Track(str(i), cell, ("One",), "Album", 1999, 61.4), "pop")
        for i, cell in enumerate(FORMULAS)
    )
    found = Recommendations((), SpotifyAnswer("ok", "", tracks))
    return list(csv.reader(io.StringIO(export.as_csv(found), newline="")))


def tagged(folder: Path) -> list[list[str]]:
    file = AudioPath("/music/a.mp3", 1, 1)
    before = {"genre": ("Live",)}
    items = [Item(file, "written", None, before, {"genre": (cell,)}) for cell in FORMULAS]
    reports.write_csv(folder / "a.csv", items)
    return read(folder / "a.csv")


def heard_at_once(folder: Path) -> list[list[str]]:
    row = batch.Row(
        *(0, "a.mp3", Heard("One", None, Headline("Jazz", "88 % sure."), None)),
        *("jazz", "pop", 0.88, None, None, 30.0, ""),
    )
    rows = [replace(row, heard=replace(row.heard, title=cell)) for cell in FORMULAS]
    unused = [batch.Unused(cell, "This file is empty.") for cell in FORMULAS]
    (folder / "a.csv").write_bytes(batch.as_csv(rows, unused))
    table = read(folder / "a.csv", "utf-8-sig")
    assert [line[1] for line in table[1:7]] == [line[0] for line in table[7:]]
    return table


def judged_by_features(folder: Path) -> list[list[str]]:
    with (folder / "tracks.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("Track Name", "Tempo"), *((cell, 120) for cell in FORMULAS)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        *_, download = spotify_features.judge_table(str(folder / "tracks.csv"))
    return read(Path(download["value"]), "utf-8-sig")


def remembered(folder: Path) -> list[list[str]]:
    made_at = datetime(2026, 11, 21, tzinfo=UTC)
    kept = [
        StoredResult(
            ResultSummary(1, made_at, cell, "jazz", "confident", 0.9, 30.0, 0, None),
            '{"confidences": {"jazz": 0.9}}',
        )
        for cell in FORMULAS
    ]
    (folder / "a.csv").write_bytes(history.as_csv(kept))
    return read(folder / "a.csv", "utf-8-sig")


def trained(folder: Path) -> list[list[str]]:
    n = len(FORMULAS)
    (protocol, *_) = PROTOCOLS.values()
    scores = Scores("lda", protocol, *[0.5] * 10, np.ones(n), np.eye(n, dtype=int), np.eye(n))
    artifacts.write(
        folder / "model",
        Pipeline([("as it is", "passthrough")]),
        Classifier.load().model.catalogue,
        replace(Classifier.load().model.metadata, genres=FORMULAS, winner="lda"),
        [scores],
        [ReliabilityBin(0.0, 1.0, 1, 0.5, 0.5)],
        "",
        np.array([0]),
        Parts({}, {}, [], {}),
    )
    tables = [read(path) for path in sorted((folder / "model").glob("*.csv"))]
    return [row for table in tables for row in table]


def measured(folder: Path) -> list[list[str]]:
    lines = [records.Headline("A", cell, None, 0.5, 0.5, 0.5) for cell in FORMULAS]
    results.write(records.Headline, lines, folder, system="A")
    other = records.Headline("B", "svm", None, 0.5, 0.5, 0.5)
    results.write(records.Headline, [other], folder, system="B")  # reads the others
    return read(folder / "headlines.csv")


WRITERS = (recommended, tagged, heard_at_once, judged_by_features, remembered, trained, measured)


@pytest.mark.slow
@pytest.mark.parametrize("written", WRITERS, ids=lambda writer: writer.__name__)
def test_no_writer_writes_a_formula(
    written: Callable[[Path], list[list[str]]], tmp_path: Path
) -> None:
    cells = {cell for row in written(tmp_path) for cell in row}
    shown = {cell.lstrip("'").strip() for cell in cells if cell.startswith("'")}
    assert shown == {cell.strip() for cell in FORMULAS}
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_there_is_no_other_writer() -> None:
    package = Path(genregenie.__file__).parent
    found = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(word in path.read_text() for word in ("csv.writer(", "DictWriter(", ".to_csv("))
    ]
    assert found == ["common/formatting.py"]


CELLS = (
    st.text()
    | st.sampled_from(FORMULAS)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2))


@given(TABLES, st.sampled_from(["\n", "\r\n"]))
def test_a_table_reads_back_as_it_was_but_for_apostrophes(
    rows: list[list[str | float]], end: str
) -> None:
    text = "".join(csv_lines(["a", "b"], rows, end))
    header, *read_back = csv.reader(io.StringIO(text, newline=""))
    assert header == ["a", "b"]
    for row, cells in zip(rows, read_back, strict=True):
        for value, cell in zip(row, cells, strict=True):
            assert cell in (str(value), f"'{value}")
            if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
                assert np.isfinite(float(cell))  # a number is no formula


@given(st.lists(st.text(st.characters(categories=None)), min_size=1))
def test_whatever_a_name_holds_it_becomes_a_file(names: list[str]) -> None:
    content = csv_bytes(["name"], [[name] for name in names])
    assert content.decode("utf-8-sig").startswith("name\r\n")
