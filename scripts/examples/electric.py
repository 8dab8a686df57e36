"""Two songs for electric bands: disco and metal."""

from band import (
    CHINA,
    CLAP,
    CLOSED,
    CRASH,
    HIGH_TOM,
    KICK,
    LOW_TOM,
    MID_TOM,
    OPEN,
    RIM,
    SNARE,
    TAMBOURINE,
    Part,
    Song,
    pitch,
    pitches,
)


def disco() -> Song:
    """Four on the floor in A minor: octave bass, open hats, scratching guitar, strings, brass."""
    drums = Part(16, volume=122, reverb=28, drums=True, loose_ms=3)
    bass = Part(33, volume=112, reverb=6, loose_ms=4)
    guitar = Part(27, volume=96, pan=98, reverb=26, chorus=30, loose_ms=4)
    rhodes = Part(4, volume=78, pan=34, reverb=36, chorus=40)
    strings = Part(48, volume=54, pan=52, reverb=60, loose_ms=8)
    brass = Part(61, volume=84, pan=78, reverb=56, loose_ms=5)

    changes = [
        ("A1", "G4 C5 E5", "G3 C4 E4"),
        ("D2", "F#4 C5 E5", "F#3 C4 E4"),
        ("G1", "F#4 B4 D5", "F#3 B3 D4"),
        ("C2", "E4 B4 D5", "E3 B3 D4"),
        ("A1", "G4 C5 E5", "G3 C4 E4"),
        ("D2", "F#4 C5 E5", "F#3 C4 E4"),
        ("F1", "E4 A4 C5", "E3 A3 C4"),
        ("E1", "G#4 B4 D5", "G#3 B3 D4"),
    ]
    tune = [
        "E5 1.5, G5 .5, A5 1, G5 .5, E5 .5",
        "F#5 1.5, E5 .5, D5 1, - .5, D5 .5",
        "D5 1.5, E5 .5, F#5 .5, G5 .5, F#5 .5, D5 .5",
        "E5 2, E5 .25, F#5 .25, G5 .25, A5 .25, B5 .25, C6 .25, D6 .25, E6 .25",
        "E6 1.5, D6 .5, C6 1, B5 .5, A5 .5",
        "C6 1.5, B5 .5, A5 1, F#5 .5, A5 .5",
        "A5 1.5, G5 .5, E5 1, C5 .5, E5 .5",
        "G#5 1, B5 1, E5 .25, F#5 .25, G#5 .25, A5 .25, B5 .25, C6 .25, D6 .25, E6 .25",
    ]
    for bar, (root, high, middle) in enumerate(changes):
        at, low = 4 * bar, pitch(root)
        fill = bar in (3, 7)
        drums.steps(at, KICK, "X...X...X...X...")
        drums.steps(at, SNARE, "....X.......X.xx" if fill else "....X.......X...")
        drums.steps(at, CLAP, "....x.......x...")
        drums.steps(at, CLOSED, "x.go" * 4)
        drums.steps(at, OPEN, "..x." * 4)
        drums.steps(at, TAMBOURINE, "g.xg" * 4)
        for i in range(8):
            octave = 12 * (i % 2)
            bass.play(at + i / 2, low + octave, 0.36, 104 if octave == 0 else 92)
        bass.play(at + 2.75, low + 12, 0.2, 80)
        bass.play(at + 3.75, low + 7, 0.2, 88)
        for i, mark in enumerate("o.xgo.xgo.xxo.xg"):  # chords ring on x, the hand mutes the rest
            if mark != ".":
                length, level = {"x": (0.2, 92), "o": (0.1, 64), "g": (0.06, 48)}[mark]
                guitar.play(at + i / 4, high, length, level, strum=0.008)
        rhodes.play(at, middle, 1.4, 76)
        rhodes.play(at + 1.5, middle, 0.8, 70)
        rhodes.play(at + 2.75, middle, 0.9, 74)
        strings.line(at, tune[bar], 88)
        strings.line(at, tune[bar], 80, shift=-12)
        if bar >= 4:
            brass.play(at + 1.75, high, 0.2, 92)
            brass.play(at + 2.5, high, 0.3, 98)
    drums.play(0, CRASH, 1, 100)
    drums.play(16, CRASH, 1, 104)
    for part, chord in ((bass, "A1"), (guitar, "G4 C5 E5"), (rhodes, "G3 C4 E4")):
        part.play(32, chord, 2, 96)
    strings.play(32, "A4 A5 E6", 2, 92)
    brass.play(32, "G4 C5 E5", 0.4, 104)
    for key in (KICK, CRASH):
        drums.play(32, key, 1, 112)
    players = {"drums": drums, "bass": bass, "guitar": guitar, "rhodes": rhodes}
    players |= {"strings": strings, "brass": brass}
    return Song("Mirror Ball", 116, players, 21, room=0.45, treble_db=2, squeeze=4)


def metal() -> Song:
    """A gallop in E minor: palm-muted guitars left and right, double kick, twin leads."""
    drums = Part(16, volume=92, reverb=34, drums=True, loose_ms=3)
    bass = Part(34, volume=104, reverb=6, loose_ms=3)
    left = Part(30, volume=124, pan=8, reverb=22, loose_ms=6)
    right = Part(30, volume=124, pan=120, reverb=22, loose_ms=6)
    lead = Part(29, volume=88, pan=52, reverb=60, loose_ms=6)
    twin = Part(29, volume=80, pan=78, reverb=60, loose_ms=6)

    # Sixteenths: a capital is a ringing power chord on that root, "m" a palm-muted low E.
    riffs = ["E.mmm.mmF.E.G.F.", "E.mmm.mmE.mmB.A.", "E.mmm.mmF.E.G.F.", "E.mmA.mmB.mmA.G."]
    roots = {"E": "E2", "F": "F2", "G": "G2", "A": "A2", "B": "Bb2"}
    ringing = ["E2", "C2", "D2", "B1"]  # under the leads
    tune = [
        "E5 .5, G5 .5, B5 1, A5 .25, G5 .25, F#5 .5, G5 1",
        "E5 .5, G5 .5, C6 1, B5 .25, A5 .25, G5 .5, E5 1",
        "D5 .5, F#5 .5, A5 1, B5 .25, A5 .25, F#5 .5, D5 1",
        "D#5 .5, F#5 .5, B5 1, A5 .25, B5 .25, C6 .25, B5 .25, A5 .5, F#5 .5",
    ]
    harmony = [  # the second lead, a third below
        "B4 .5, E5 .5, G5 1, F#5 .25, E5 .25, D5 .5, E5 1",
        "C5 .5, E5 .5, G5 1, G5 .25, F#5 .25, E5 .5, C5 1",
        "A4 .5, D5 .5, F#5 1, G5 .25, F#5 .25, D5 .5, A4 1",
        "B4 .5, D#5 .5, F#5 1, F#5 .25, G5 .25, A5 .25, G5 .25, F#5 .5, D#5 .5",
    ]

    def chord(at: float, root: int, length: float, velocity: float) -> None:
        for part in (left, right):
            part.play(at, [root, root + 7, root + 12], length, velocity)
        bass.play(at, root - 12, length, velocity - 8)

    def mute(at: float) -> None:
        for part in (left, right):
            part.play(at, pitches("E2 B2 E3"), 0.2, 92)
        bass.play(at, "E1", 0.16, 90)

    for bar in range(12):
        at = 4 * bar
        if bar < 4 or bar >= 8:
            riff = riffs[bar % 4]
            for i, mark in enumerate(riff):
                if mark == "m":
                    mute(at + i / 4)
                elif mark in roots:
                    chord(at + i / 4, pitch(roots[mark]), 0.5, 108)
            drums.steps(at, KICK, "".join("x" if mark != "." else "." for mark in riff))
            drums.steps(at, SNARE, "....X.......X...")
            drums.steps(at, CHINA if bar >= 8 else CLOSED, "x...x...x...x...")
        else:
            root = pitch(ringing[bar % 4]) + (12 if ringing[bar % 4] != "E2" else 0)
            for i in range(8):
                chord(at + i / 2, root, 0.47 if i % 4 else 0.5, 98 if i % 4 else 106)
            drums.steps(at, KICK, "x" * 16)
            drums.steps(at, SNARE, "....X.......X...")
            drums.steps(at, CRASH, "o...o...o...o...")
        if 4 <= bar < 12:
            lead.line(at, tune[bar % 4], 96, legato=0.98)
            twin.line(at, harmony[bar % 4], 90, legato=0.98)
        if bar % 4 == 0:
            drums.play(at, CRASH, 1, 112)
        if bar % 4 == 3:
            for i, tom in enumerate((HIGH_TOM, HIGH_TOM, MID_TOM, MID_TOM, LOW_TOM, LOW_TOM)):
                drums.play(at + 2.5 + i / 4, tom, 0.2, 104)
    chord(48, pitch("E2"), 3, 110)
    lead.play(48, "E6", 2.6, 92)
    twin.play(48, "B5", 2.6, 86)
    for key in (KICK, CRASH, RIM):
        drums.play(48, key, 1, 115)
    players = {"drums": drums, "bass": bass, "left": left, "right": right}
    players |= {"lead": lead, "twin": twin}
    return Song("Iron Tide", 156, players, 23, room=0.4, squeeze=4)
