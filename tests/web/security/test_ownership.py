"""Whose a file and a handle are, nobody's included: with the gate off everybody is nobody."""

from pathlib import Path

from genregenie.web.security.ownership import Ownership

ADA, NOBODY = 1, None


def test_what_nobody_brought_is_nobodys(tmp_path: Path) -> None:
    own = Ownership(tmp_path)
    clip = tmp_path / "clip.wav"
    clip.write_bytes(b"sound")
    own.grant(NOBODY, str(clip))
    assert own.may_use(NOBODY, str(clip))
    assert not own.may_use(ADA, str(clip))
    assert own.claim(NOBODY, "session")
    assert own.claim(NOBODY, "session")
    assert not own.claim(ADA, "session")


def test_nobody_never_leaves_and_others_do(tmp_path: Path) -> None:
    own = Ownership(tmp_path)
    clips = {person: tmp_path / f"{person}.wav" for person in (ADA, NOBODY)}
    for person, clip in clips.items():
        clip.write_bytes(b"sound")
        own.grant(person, str(clip))
    own.keep_only(set())
    assert not clips[ADA].exists()
    assert clips[NOBODY].exists()
    assert own.may_use(NOBODY, str(clips[NOBODY]))
