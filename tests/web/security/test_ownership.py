"""Whose a file and a handle are, nobody's included: with the gate off everybody is nobody."""

from pathlib import Path

from genregenie.web.security.ownership import Ownership

ADA, NOBODY, GUEST = 1, None, 2


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


def test_a_guests_files_and_handles_become_the_accounts(tmp_path: Path) -> None:
    own = Ownership(tmp_path)
    mine, ours = (tmp_path / name for name in ("mine.wav", "ours.wav"))
    for clip in (mine, ours):
        clip.write_bytes(b"sound")
        own.grant(GUEST, str(clip))
    own.grant(ADA, str(ours))
    assert own.claim(GUEST, "session")
    own.hand_over(GUEST, ADA)
    assert not own.claim(GUEST, "session")
    assert own.claim(ADA, "session")
    own.forget(GUEST)
    for clip in (mine, ours):
        assert clip.exists()
        assert own.may_use(ADA, str(clip))
        assert not own.may_use(GUEST, str(clip))
