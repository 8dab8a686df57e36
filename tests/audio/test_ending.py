"""A file that was cut off is said to be, or refused; one that is whole never is."""

import io
import random

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import AudioError, AudioFile
from genregenie.audio.ending import broken_off
from tests import machine, mutants, sounds
from tests.tagging import kinds

BARE = ("MP2", "AAC", "AC-3", "E-AC-3")
"""Frames and nothing else: between two of them nothing shows a cut."""

KINDS = {name: kind for name, kind in kinds.KINDS.items() if "cut" not in name}


def of(data: bytes) -> str | None:
    return broken_off(io.BytesIO(data))


def is_refused(data: bytes) -> bool:
    try:
        with AudioFile(data) as audio:
            return not any(True for _ in audio.frames())
    except AudioError:
        return True


@pytest.mark.parametrize("name", mutants.NAMES)
def test_a_cut_at_any_place_is_seen_or_refused(name):
    whole = mutants.whole(name)
    assert of(whole) is None
    between = set()
    if name in BARE:  # by a judge that shares no code with ours
        with av.open(io.BytesIO(whole)) as container:
            between = {packet.pos for packet in container.demux(audio=0)}
    chance = random.Random(name)
    places = {len(whole) - 1, len(whole) - 2, len(whole) - 3}
    places |= {chance.randrange(len(whole) // 10, len(whole)) for _ in range(25)}
    for place in sorted(places - between):
        assert of(whole[:place]) or is_refused(whole[:place]), place


def test_a_musepack_ends_with_its_last_packet():
    whole = (machine.TESTS / "files/tune.mpc").read_bytes()
    assert of(whole) is of(whole + kinds.ape_tag(Genre="Live")) is of(whole + b"TAG" * 40) is None
    for place in {*range(len(whole) // 10, len(whole), 97), *range(len(whole) - 40, len(whole))}:
        assert of(whole[:place]), place


@pytest.mark.parametrize("name", KINDS)
def test_whole_files_with_tags_of_every_kind_are_whole(name):
    assert of(KINDS[name].make()) is None


@pytest.mark.parametrize("kind", ["WAV", "OGG", "MP3", "AIFF", "CAF", "FLAC", "AU", "RF64"])
def test_whole_files_of_another_encoder_are_whole(kind):
    tune = np.repeat(sounds.tune(1.0), 2, axis=0).T
    for subtype in sorted(soundfile.available_subtypes(kind)):
        buffer = io.BytesIO()
        if subtype.startswith("ALAC"):  # libsndfile writes beyond its buffer now and then
            continue
        try:
            soundfile.write(buffer, tune, sounds.RATE, format=kind, subtype=subtype)
        except (soundfile.LibsndfileError, ValueError):  # of one channel alone, say
            continue
        assert of(buffer.getvalue()) is None, subtype


@pytest.mark.parametrize("xing", ["0", "1"])
@pytest.mark.parametrize(
    "behind",
    [b"", b"TAG" + bytes(125), kinds.ape_tag(Genre="Live")],
    ids=["no tag", "ID3v1", "APEv2"],
)
def test_an_mp3_is_cut_where_its_last_frame_is(xing, behind):
    tune = sounds.tune(3.0, 44_100)
    whole = sounds.encode(tune, 44_100, "mp3", "libmp3lame", container_options={"write_xing": xing})
    assert of(whole + behind) is None
    for missing in (1, 100, 200, 20_000):
        assert of(whole[:-missing] + behind) is not None, missing


def test_what_lies_in_front_of_an_mp3_makes_no_difference():
    """Excerpts of real songs have an ID3v1 tag there."""
    whole = b"ID3\3\0\0\0\0\0\0TAG" + bytes(125) + mutants.whole("MP2")
    assert of(whole) is None
    assert of(whole[:-1]) == "ends within a frame"


def test_words():
    ogg = sounds.encode(sounds.tune(3.0, 48_000), 48_000, "ogg", "libopus")
    last = ogg.rindex(b"OggS")
    assert of(ogg[:last]) == "its last page is not the end of it"
    assert of(ogg[:-1]) == of(ogg[: last + 10]) == "ends within a page"
    wav = sounds.encode(sounds.tune(2.0))
    assert of(wav[:-1]) == "ends 1 byte early"
    assert of(wav[:-2_000]) == "ends 2,000 bytes early"
    flac = sounds.encode(sounds.tune(2.0), 22_050, "flac", "flac", sample_format="s16")
    assert of(flac[:-1]) == "its last frame is not whole"
    with av.open(io.BytesIO(flac)) as container:
        *_, before, last = [p for p in container.demux(audio=0) if p.size]
    missing = 44_100 % before.duration
    assert of(flac[: last.pos]) == f"{missing:,} samples are missing at its end"


def test_what_hangs_on_to_a_file_is_no_cut():
    for name in ("WAV", "FLAC", "MP3", "M4A, AAC", "WavPack", "Ogg Opus", "AIFF"):
        whole = mutants.whole(name)
        assert of(whole + b"TAG" + bytes(125)) is None, name
        if name != "FLAC":  # there it might be the rest of a frame
            assert of(whole + b"no sound, no tag" * 9) is None, name


def test_sizes_that_a_pipe_could_not_go_back_to_say_nothing():
    head = bytes.fromhex("0100010022560000 44ac0000 02001000")
    for stated in (0, 0x7FFF_F000, 0x7FFF_FFFF, 0xFFFF_FFFF):
        assert of(sounds.wav_file(head, bytes(5_000), claimed=stated)) is None
    assert of(sounds.wav_file(head, bytes(5_000), claimed=9_000)) is not None


@settings(max_examples=60)
@given(st.sampled_from(mutants.NAMES), st.integers(0, 99), st.integers(0, 300))
def test_whatever_a_file_holds_it_is_no_trouble(name, number, size):
    file = io.BytesIO(mutants.mutant(name, number))
    file.seek(3)
    broken_off(file)
    assert file.tell() == 3
    of(mutants.whole(name)[:size])
