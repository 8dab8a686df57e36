"""Others see the tags that we write, and beets asks us: beets and mutagen are real ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mediafile
import mutagen
import pytest

from genregenie.common import resources
from genregenie.tagging.tags import write_tags

CONTRIB = Path(__file__).parents[1] / "contrib" / "beetsplug"
EXAMPLES = resources.assets() / "examples"

pytestmark = pytest.mark.slow


@pytest.fixture
def beet(tmp_path):
    """Runs beets with our plug-in, over a library of its own."""
    home = tmp_path / "beets"
    home.mkdir()
    (home / "config.yaml").write_text(
        f"directory: {tmp_path / 'music'}\n"
        f"library: {home / 'library.db'}\n"
        f"plugins: genregenie\npluginpath: {CONTRIB}\n"
        "import: {copy: no, autotag: no, quiet: yes}\n"
        "genregenie: {jobs: 1}\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "BEETSDIR": str(home),
        "GENREGENIE_HEARING": "timbre",
        "GENREGENIE_DATA_DIR": str(tmp_path / "data"),
    }

    def run(*words: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "beets", *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("jazz", "metal", "reggae"):
        shutil.copy(EXAMPLES / f"{name}.mp3", folder)
        tags = mutagen.File(folder / f"{name}.mp3")
        tags.tags.delall("TCON")
        tags.save()
    write_tags(folder / "reggae.mp3", {"genre": ("Dub",)})
    return folder


def test_beet_genregenie_writes_what_is_heard(music, beet):
    beet("import", "-A", "-W", music)
    told = beet("genregenie", "--pretend")
    assert "Jazz 96%, confident" in told
    assert "Metal" in told
    assert mediafile.MediaFile(music / "jazz.mp3").genres is None

    beet("genregenie")
    listed = beet("list", "-f", "$path|$genres|$bpm|$initial_key").splitlines()
    rows = {Path(line.split("|")[0]).stem: line.split("|")[1:] for line in listed}
    assert rows["jazz"][0] == "Jazz"
    assert rows["metal"] == ["Metal", "156", "Em"]
    assert rows["reggae"] == ["Dub", "0", ""]  # it has a genre and is not asked about
    assert mediafile.MediaFile(music / "metal.mp3").genres == ["Metal"]
    assert mutagen.File(music / "metal.mp3").tags["TCON"].text == ["Metal"]


FIELDS = {
    "genre": ("Jazz", "Soul"),
    "mood": ("calm",),
    "grouping": ("90s",),
    "tempo": ("118",),
    "key": ("Am",),
}


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "opus", "m4a"])
def test_what_tag_writes_is_seen_by_beets_and_picard(suffix, tmp_path):
    """Picard reads files with mutagen; the names are those that its documentation has."""
    from tests import sounds

    codecs = {
        "mp3": ("mp3", "libmp3lame", 44_100),
        "flac": ("flac", "flac", 44_100),
        "ogg": ("ogg", "vorbis", 44_100),
        "opus": ("ogg", "libopus", 48_000),
        "m4a": ("ipod", "aac", 44_100),
    }
    container, codec, rate = codecs[suffix]
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(sounds.encode(sounds.tune(2.0, rate), rate, container, codec))
    write_tags(path, FIELDS)

    seen = mediafile.MediaFile(path)
    assert seen.genres == ["Jazz", "Soul"]
    assert (seen.bpm, seen.initial_key, seen.grouping) == (118, "Am", "90s")

    tags = mutagen.File(path).tags
    if suffix == "mp3":
        picard = [tags[name].text for name in ("TCON", "TMOO", "TIT1", "TBPM", "TKEY")]
        assert picard == [["Jazz", "Soul"], ["calm"], ["90s"], ["118"], ["Am"]]
    elif suffix == "m4a":
        assert tags["\xa9gen"] == ["Jazz", "Soul"]
        assert tags["----:com.apple.iTunes:MOOD"] == [b"calm"]
        assert (tags["\xa9grp"], tags["tmpo"]) == (["90s"], [118])
    else:
        assert tags["genre"] == ["Jazz", "Soul"]
        assert (tags["mood"], tags["grouping"], tags["bpm"]) == (["calm"], ["90s"], ["118"])
