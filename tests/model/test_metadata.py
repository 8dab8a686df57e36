"""``model.json``: what any release wrote is read, and comes out as it was."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from genregenie.common import resources
from genregenie.model import Metadata, Model, ModelError
from genregenie.model.metadata import MODEL_JSON

# As the first release wrote it; as this one does; and as this one does after feedback.
RELEASES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("releases.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("content", RELEASES)
def test_what_a_release_wrote_comes_out_as_it_was(content):
    metadata = Metadata.from_dict(content)
    assert metadata.to_dict() == content
    assert Metadata.from_dict(metadata.to_dict()) == metadata
    # Indexes and journals know a model by this: it must not change with who reads it.
    text = json.dumps(content, sort_keys=True)
    assert metadata.version == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_what_a_release_did_not_write_is_none():
    first, this, taught = map(Metadata.from_dict, RELEASES)
    assert first.protocol is None
    assert first.trained_on.artists is None
    assert first.feedback is None
    assert this.protocol is not None
    assert str(this.trained_on.artists) == "709 clips, the artist known of 666, 166 artists"
    assert taught.feedback is not None
    assert taught.feedback.accuracy.difference == pytest.approx(0.003)


def test_the_shipped_file_is_written_as_it_was_to_the_byte(tmp_path):
    folder = resources.models() / "gtzan"
    Metadata.read(folder).write(tmp_path)
    assert (tmp_path / MODEL_JSON).read_bytes() == (folder / MODEL_JSON).read_bytes()


def test_what_a_later_release_may_add_is_passed_over():
    content = RELEASES[1] | {"tempo": 120, "held_out": RELEASES[1]["held_out"] | {"brier": 0.2}}
    assert Metadata.from_dict(content) == Metadata.from_dict(RELEASES[1])


@pytest.mark.parametrize("name", sorted(RELEASES[0]))
def test_nothing_may_be_missing(name, tmp_path):
    content = {key: value for key, value in RELEASES[0].items() if key != name}
    (tmp_path / MODEL_JSON).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"cannot be read: .*{name}"):
        Model.load(tmp_path)
