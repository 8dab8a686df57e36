"""A library to tag, and a journal of its own for each test."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from genregenie.audio import AudioError, Spread
from genregenie.autotag.vocabulary import GROUPS, Autotag
from genregenie.cli.main import main
from genregenie.common import resources
from genregenie.inference.batch import classify_many
from genregenie.inference.prediction import Prediction
from genregenie.tagging import tagger
from tests import sounds

EXAMPLES = resources.assets() / "examples"
CONFIDENT = {"classical": "Classical", "jazz": "Jazz", "metal": "Metal"}


@pytest.fixture(autouse=True)
def data_dir(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(folder))
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")  # what is heard is not the matter here
    return folder


@pytest.fixture
def music(tmp_path) -> Path:
    """Three clips that are judged confidently, one in doubt, one that is no music."""
    folder = tmp_path / "music"
    folder.mkdir()
    for name in (*CONFIDENT, "reggae"):
        shutil.copy(EXAMPLES / f"{name}.mp3", folder)
        os.utime(folder / f"{name}.mp3", ns=(10**18, 10**18 + 123_456_789))
    (folder / "noise.wav").write_bytes(sounds.encode(sounds.noise(3.0)))
    return folder


_answers: dict[tuple[bytes, Spread, bool], Prediction | AudioError] = {}


def _remembering(paths, *, spread: Spread, fast: bool, **ignored):
    """What `classify_many` answers; the same bytes are listened to once in all tests."""
    for path in paths:
        try:
            key = (Path(path).read_bytes(), spread, fast)
        except OSError:
            key = (b"", spread, fast)
        if key not in _answers:
            (_answers[key],) = classify_many([path], backend="serial", spread=spread, fast=fast)
        yield _answers[key]


@pytest.fixture
def run(capsys, monkeypatch) -> Callable[..., tuple[int, str, str]]:
    """Run a command here. Returns its status and what it printed."""

    monkeypatch.setattr(tagger, "classify_many", _remembering)

    def command(*arguments: object) -> tuple[int, str, str]:
        words = list(map(str, arguments))
        if words[0] == "tag" and "--dask" not in words:
            words += ["--jobs", "1"]
        status = main(words)
        out, err = capsys.readouterr()
        return status, out, err

    return command


def heard_tags(*names: str) -> tuple[Autotag, ...]:
    """Tags that are heard, the first with the highest level."""
    groups = {name: group for group, held in GROUPS.items() for name in held}
    return tuple(
        Autotag(name, groups[name], 0.5, 1.0 - 0.001 * i, heard=True)
        for i, name in enumerate(names)
    )


@pytest.fixture
def hearing(run, monkeypatch) -> Callable[[Mapping[str, Iterable[str]]], None]:
    """Have the network hear tags in files, by their names; in all others it hears nothing.

    Their genres are still those that timbre has.
    """

    def hear(tags: Mapping[str, Iterable[str]]) -> None:
        def hearing(paths, *, fast: bool, **more):
            for path in paths:
                (answer,) = _remembering([path], fast=True, **more)
                if isinstance(answer, Prediction):
                    named = heard_tags(*tags.get(Path(path).stem, ()))
                    answer = replace(answer, autotags=named)
                yield answer

        monkeypatch.setenv("GENREGENIE_HEARING", "all")
        monkeypatch.setattr(tagger, "classify_many", hearing)

    return hear


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Bytes, time of change and permissions of every file."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
