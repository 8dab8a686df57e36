"""The Listen tab's handlers, and the page as it is built; running, it is tested in a browser."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.ui.tabs.listening import (
    Source,
    classify,
    listen,
    listen_for,
    picture_and_files,
    to_post,
)
from tests import sounds
from tests.web.images.test_share_card import pixels


def shown(path: str) -> list[tuple[Any, ...]]:
    """What `listen` shows in the end; how far it was meanwhile depends on the machine."""
    steps = (s for s in listen(Source.of(path)) if "working" not in str(s[3]))
    return [s for s in steps if isinstance(s[3], str) or s[4].get("visible")]


def test_a_clip_fills_the_tab(tmp_path):
    path = tmp_path / "My song.wav"
    path.write_bytes(sounds.encode(sounds.tune(5.0)))
    (heard, source, about, verdict, *_), *later = shown(str(path))
    result = Classifier.load().predict(path)
    assert Headline.of(result).title in verdict
    assert "My song" in verdict
    assert source == str(path)
    assert heard.confidences == pytest.approx(result.confidences, abs=1e-9)
    assert about.title is None
    assert [parts[4]["visible"] for parts in later] == [True] * (result.genre is not None)


def test_a_bad_file_gives_a_sentence(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"nothing of the kind")
    ((_, source, about, verdict, result, *_),) = shown(str(path))
    assert "not audio that GenreGenie can read" in verdict
    assert source is about is None
    assert not result["visible"]
    assert classify(str(path))["error"].startswith("This is not audio")


def test_what_can_be_taken_away(gtzan):
    path = str(gtzan / "audio/full/metal.00001.flac")
    heard, _, about, *_ = shown(path)[0]
    picture, table, details = picture_and_files(path, heard)
    assert "data:image/png;base64," in picture
    assert 'alt="' in picture
    lines = Path(table).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Genre,Confidence (%)"
    assert lines[1].startswith("Metal,")
    assert len(lines) == 11
    assert json.loads(Path(details).read_text())["genre"] == "metal"
    assert picture_and_files(None, None)[0] == ""
    post = to_post(heard, path, about)
    assert post is not None
    assert post.text == f"{Headline.of(heard).short}: metal.00001. What do you hear?"
    sizes = {shape: pixels(png).shape[:2] for shape, png in post.pictures.items()}
    assert sizes == {"landscape": (630, 1200), "upright": (1920, 1080)}
    assert to_post(None, path, about) is None


class NothingKept:
    """What is kept of somebody who has brought nothing yet."""

    def last(self, request: object) -> None:
        return None


def test_a_file_is_heard_whatever_event_it_came_with_and_nothing_else_touches_it(tmp_path):
    """It may be dropped while a result comes back, or while an example is heard."""
    path = tmp_path / "Dropped.wav"
    path.write_bytes(sounds.encode(sounds.tune(2.0)))
    example, reopen, place = gr.Button(), gr.Button(), gr.Audio()
    admitted = []
    listen_to = listen_for(admitted.append, {example._id: Path("example.mp3")}, NothingKept())
    for target in (example, reopen, place):
        steps = [*listen_to(str(path), None, "somebody", SimpleNamespace(target=target))]
        assert any("Dropped" in str(step[3]) for step in steps)
    assert admitted == ["somebody"] * 3
    (back,) = listen_to(None, None, "somebody", SimpleNamespace(target=reopen))
    assert set(map(str, back)) == {str(gr.skip())}
