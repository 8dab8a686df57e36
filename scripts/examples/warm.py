"""Four songs for mostly acoustic bands: reggae, jazz, classical and country."""

import numpy as np
from band import (
    CLOSED,
    CRASH,
    HIGH_TOM,
    KICK,
    MID_TOM,
    PEDAL,
    RIDE,
    RIM,
    SHAKER,
    SNARE,
    Part,
    Song,
    pitch,
    pitches,
)


def reggae() -> Song:
    """Roots reggae in A minor: one-drop, skank on every offbeat, organ bubble, a saxophone."""
    drums = Part(8, volume=104, reverb=34, drums=True, loose_ms=5)
    bass = Part(33, volume=122, reverb=8, late_ms=10)
    skank = Part(27, volume=92, pan=92, reverb=46, loose_ms=4)
    piano = Part(0, volume=90, pan=36, reverb=40, loose_ms=5)
    organ = Part(16, volume=88, pan=30, reverb=36)
    sax = Part(65, volume=84, pan=70, reverb=76, late_ms=14)
    horns = Part(61, volume=74, pan=80, reverb=64)

    chords = {
        "Am": "A3 C4 E4",
        "Dm": "A3 D4 F4",
        "Em": "G3 B3 E4",
        "F": "A3 C4 F4",
        "G": "B3 D4 G4",
    }
    changes = [("Am", "Am"), ("Dm", "Dm"), ("Am", "Am"), ("Em", "Em"), ("F", "G"), ("Am", "Am")]
    basslines = [
        "A1 .75, A1 .25, C2 .5, E2 .5, - .5, G1 .5, A1 .5, - .5",
        "D2 .75, D2 .25, F2 .5, A2 .5, - .5, C2 .5, D2 .5, - .5",
        "- .5, A1 .5, C2 .5, E2 .5, - .25, E2 .25, D2 .5, C2 .5, - .5",
        "E2 .75, E2 .25, D2 .5, B1 .5, - .5, G1 .5, E1 .5, - .5",
        "F1 .75, F1 .25, A1 .5, C2 .5, G1 .75, G1 .25, B1 .5, D2 .5",
        "A1 .75, A1 .25, C2 .5, E2 .5, A1 1.5, - .5",
    ]
    tune = [
        "- .5, E5 .5, D5 .25, C5 .25, D5 .5, A4 1.5, - .5",
        "- .5, F5 .5, E5 .25, D5 .25, E5 .5, D5 1.5, - .5",
        "- .5, E5 .5, G5 .5, E5 .5, D5 .25, C5 .25, A4 1, - .5",
        "- .5, B4 .5, D5 .5, E5 1, D5 .5, B4 .5, - .5",
        "C5 .5, D5 .5, C5 .5, A4 .5, B4 .5, D5 .5, G5 .5, D5 .5",
        "E5 .5, C5 .5, A4 2.5, - .5",
    ]
    drums.steps(0, HIGH_TOM, "xo.x")  # the roll that calls the band in
    drums.steps(0.25, SNARE, ".x.X")
    for bar, (first, second) in enumerate(changes):
        at = 1 + 4 * bar
        drums.steps(at, KICK, "....X.......X...")
        drums.steps(at, RIM, "....X.......X..o" if bar % 2 else "....X..o....X...")
        drums.steps(at, CLOSED, "x.o.xgo.x.o.xgo.")
        drums.steps(at, SHAKER, "g.ogg.ogg.ogg.og")
        bass.line(at, basslines[bar], 98, legato=0.86)
        for beat in range(4):
            chord = chords[first if beat < 2 else second]
            skank.play(at + beat + 0.5, chord, 0.14, 92, strum=0.012)
            piano.play(at + beat + 0.5, chord, 0.16, 72)
            organ.play(at + beat + 0.25, chord.split()[0], 0.16, 62)
            organ.play(at + beat + 0.5, chord, 0.2, 74)
            organ.play(at + beat + 0.75, chord.split()[0], 0.16, 62)
        sax.line(at, tune[bar], 82)
    horns.play(1 + 13.5, "E4 G4 B4", 0.4, 84)
    horns.play(1 + 14.5, "E4 G4 B4", 0.3, 78)
    horns.play(1 + 20, "C4 E4 A4", 1.4, 80)
    drums.steps(1 + 19, SNARE, "..oxX")
    drums.steps(1 + 19.5, MID_TOM, "x.X.")
    drums.play(1 + 20, CRASH, 1, 92)
    players = {"drums": drums, "bass": bass, "skank": skank, "piano": piano, "organ": organ}
    players |= {"sax": sax, "horns": horns}
    return Song(
        "Harbour Lights", 76, players, 11, swing=0.56, swing_unit=0.25, room=0.55, squeeze=3
    )


def jazz() -> Song:
    """A blues in F, twelve bars at a medium-up swing: walking bass, ride, comping, a trumpet."""
    ride = Part(32, volume=64, reverb=44, drums=True, loose_ms=5)
    bass = Part(32, volume=118, pan=58, reverb=26, loose_ms=5)
    piano = Part(0, volume=110, pan=40, reverb=50, late_ms=6)
    trumpet = Part(56, volume=92, pan=74, reverb=58, late_ms=18, loose_ms=8)

    voicings = {
        "F7": "Eb3 A3 D4",
        "Bb7": "D3 Ab3 C4 F4",
        "Cm7": "Eb3 Bb3 D4",
        "Bo": "D3 Ab3 B3 F4",
        "D7": "C3 F#3 B3 Eb4",
        "Gm7": "F3 Bb3 D4",
        "C7": "E3 Bb3 D4 A4",
    }
    changes = ["F7", "Bb7", "F7", "Cm7", "Bb7", "Bo", "F7", "D7", "Gm7", "C7", "F7", "Gm7"]
    walking = (
        "F2 A2 C3 A2 Bb2 A2 G2 Gb2 F2 G2 A2 B2 C3 Eb3 F3 A2 Bb2 D3 F3 D3 B2 D3 Ab2 B2"
        " C3 A2 F2 Eb3 D3 C3 A2 Ab2 G2 Bb2 D3 Db3 C3 Bb2 G2 E2 F2 A2 D3 Gb2 G2 D3 C3 Gb2"
    )
    comping = [(0, 1.5), (0.5, 2.5), (1.5, 3.5), (0, 2.5), (1.5,), (0.5, 3)]
    tune = [
        "- .5, C5 .5, A4 .5, C5 .5, D5 .5, C5 .5, A4 .5, F4 .5",
        "- .5, Ab4 .5, F4 1.5, - 1.5",
        "- .5, C5 .5, A4 .5, C5 .5, Eb5 .5, D5 .5, C5 .5, A4 .5",
        "G4 .5, A4 .5, - .5, F4 1, - 1.5",
        "- .5, D5 .5, Bb4 .5, D5 .5, F5 .5, D5 .5, Bb4 .5, Ab4 .5",
        "- .5, B4 .5, Ab4 .5, F4 1, - 1.5",
        "- .5, A4 .5, C5 .5, Eb5 .5, D5 .5, C5 .5, A4 .5, G4 .5",
        "F#4 .5, A4 .5, C5 .5, Eb5 .5, D5 1, - 1",
        "Bb4 .5, D5 .5, F5 .5, A5 .5, G5 .5, F5 .5, D5 .5, Bb4 .5",
        "E5 .5, D5 .5, C5 .5, Bb4 .5, G4 .5, E4 .5, - 1",
        "F4 .5, A4 .5, C5 .5, D5 .5, C5 1, - .5, C5 .5",
        "D5 .5, C5 .5, Bb4 .5, A4 .5, G4 .5, E4 .5, - .5, F4 .5",
    ]
    rng = np.random.default_rng(5)
    for i, name in enumerate(walking.split()):
        bass.play(i, name, 0.92, 92 + 6 * (i % 2))
    for bar, chord in enumerate(changes):
        at = 4 * bar
        for beat in (0, 1, 1.5, 2, 3, 3.5):
            ride.play(at + beat, RIDE, 0.3, {1: 92, 3: 92}.get(beat, 74 if beat in (0, 2) else 58))
        for beat in (1, 3):
            ride.play(at + beat, PEDAL, 0.2, 78)
        for beat in range(4):
            ride.play(at + beat, KICK, 0.2, 30)
        for beat in (0.5, 1.5, 2.5, 3.5):  # the left hand talks back, quietly
            if rng.random() < 0.35:
                ride.play(at + beat, SNARE, 0.2, 34 + 26 * rng.random())
        for beat in comping[bar % len(comping)]:
            name = "C7" if bar == 11 and beat >= 2 else chord
            piano.play(at + beat, voicings[name], 0.35 if beat % 1 else 0.6, 70)
    trumpet.line(0, " | ".join(tune), 88, legato=0.9)
    bass.play(48, "F2", 3, 98)
    piano.play(48, "Eb3 A3 D4 G4", 3, 72)
    trumpet.play(48, "F4", 0.3, 92)
    ride.play(48, CRASH, 2, 70)
    ride.play(48, KICK, 1, 74)
    players = {"drums": ride, "bass": bass, "piano": piano, "trumpet": trumpet}
    return Song("Corner Table", 160, players, 12, swing=0.64, room=0.55, treble_db=-9)


def classical() -> Song:
    """The opening of an allegro in D for a small orchestra: strings, oboe, flute, horns."""
    first = Part(48, volume=104, pan=40, reverb=84, loose_ms=9)
    solo = Part(40, volume=70, pan=44, reverb=80, loose_ms=9)
    second = Part(48, volume=78, pan=54, reverb=84, loose_ms=9)
    viola = Part(48, volume=76, pan=76, reverb=84, loose_ms=9)
    cello = Part(42, volume=92, pan=88, reverb=80, loose_ms=9)
    basses = Part(43, volume=80, pan=92, reverb=80, loose_ms=9)
    oboe = Part(68, volume=74, pan=60, reverb=84, loose_ms=9)
    flute = Part(73, volume=72, pan=68, reverb=84, loose_ms=9)
    horns = Part(60, volume=64, pan=50, reverb=96, loose_ms=9)
    timpani = Part(47, volume=80, pan=64, reverb=90)

    tune = [
        "D5 1, F#5 .5, A5 .5, D6 1.5, C#6 .5",
        "B5 .5, A5 .5, G5 .5, E5 .5, C#5 1, - 1",
        "F#5 1, A5 .5, F#5 .5, D5 1, F#5 .5, D5 .5",
        "E5 .5, F#5 .5, G#5 .5, A5 .5, A5 1, - 1",
        "B5 1.5, A5 .5, G5 .5, F#5 .5, G5 .5, B5 .5",
        "A5 1.5, G5 .5, F#5 .5, E5 .5, F#5 .5, A5 .5",
        "G5 .5, F#5 .5, E5 .5, D5 .5, C#5 .5, D5 .5, E5 .5, C#5 .5",
        "D5 .5, F#5 .5, A5 .5, F#5 .5, D5 1, C#5 1",
    ]
    broken = ["D4 A4 F#4 A4", "E4 A4 G4 A4", "D4 A4 F#4 A4", "E4 B4 G#4 B4"]
    broken += ["D4 B4 G4 B4", "D4 A4 F#4 A4", "E4 B4 G4 B4", "D4 A4 F#4 A4"]
    tenors = ["F#3 A3", "C#4 G3", "F#3 A3", "B3 D4", "G3 B3", "F#3 A3", "G3 B3", "F#3 A3"]
    roots = ["D3 - D3 F#3", "C#3 - A2 -", "D3 - B2 D3", "E3 E2 A2 -", "G2 - B2 G2"]
    roots += ["A2 - D3 A2", "E3 G2 A2 A2", "D3 A2 D3 A2"]
    loudness = [78, 72, 74, 80, 84, 80, 86, 92]
    for bar in range(8):
        at, level = 4 * bar, loudness[bar]
        first.line(at, tune[bar], level)
        solo.line(at, tune[bar], level - 6)
        for i, name in enumerate(broken[bar].split() * 2):
            second.play(at + i / 2, name, 0.44, level - 14 + 6 * (i % 4 == 0))
        for beat in range(4):
            viola.play(at + beat, tenors[bar], 0.8, level - 16)
        for beat, name in enumerate(roots[bar].split()):
            if name != "-":
                cello.play(at + beat, name, 0.8, level)
                basses.play(at + beat, pitch(name) - 12, 0.7, level - 8)
    for bar in range(4, 8):  # the winds join for the second phrase
        oboe.line(4 * bar, tune[bar], loudness[bar] - 6)
    flute.line(16, "D6 2, B5 2 | F#5 2, A5 2 | B5 1, G5 1, E5 1, G5 1 | F#5 2, F#5 1, E5 1", 74)
    horns.play(16, "D4 G4", 3.8, 64)
    horns.play(20, "D4 F#4", 3.8, 64)
    horns.play(24, "E4 G4", 1.9, 66)
    horns.play(26, "C#4 A3", 1.9, 68)
    horns.play(28, "D4 F#4", 3.8, 72)
    for beat, level in ((28, 84), (29, 60), (30, 70), (31, 76), (31.5, 70), (32, 92), (33, 70)):
        timpani.play(beat, "A2" if beat in (29, 31, 31.5) else "D3", 0.5, level)
    ending = {first: "D5 A5 D6", solo: "D6", second: "F#4 A4", viola: "A3 D4", cello: "D3"}
    ending |= {basses: "D2", oboe: "A5", flute: "F#6", horns: "D4 F#4"}
    for part, chord in ending.items():
        part.play(32, chord, 0.6, 92)
        part.play(33, chord, 2.2, 84)
    players = {"first": first, "solo": solo, "second": second, "viola": viola, "cello": cello}
    players |= {"basses": basses, "oboe": oboe, "flute": flute, "horns": horns, "timpani": timpani}
    return Song("Allegro in D", 112, players, 13, slow_from=30, room=0.8)


def country() -> Song:
    """A two-step in G: train beat on the snare, boom-chick guitar, banjo rolls, twangy leads."""
    drums = Part(8, volume=84, reverb=30, drums=True, loose_ms=5)
    bass = Part(32, volume=112, pan=60, reverb=14, loose_ms=5)
    guitar = Part(25, volume=104, pan=34, reverb=30, loose_ms=5)
    banjo = Part(105, volume=72, pan=98, reverb=30, loose_ms=5)
    lead = Part(27, volume=100, pan=52, reverb=54, loose_ms=7)
    steel = Part(26, volume=80, pan=84, reverb=64, chorus=40, loose_ms=9)

    voicings = {"G": "G3 B3 D4 G4", "C": "G3 C4 E4 G4", "D": "A3 D4 F#4 A4", "Em": "G3 B3 E4 G4"}
    bassline = {"G": "G1 D2", "C": "C2 G1", "D": "D2 A1", "Em": "E2 B1"}
    changes = ["G", "G", "C", "G", "G", "Em", "D", "D", "G", "G", "C", "C", "G", "D", "G"]
    tune = [
        "D5 .5, E5 .5, G5 1, B5 .5, A5 .5, G5 1",
        "B5 .5, A5 .5, G5 .5, E5 .5, D5 1.5, - .5",
        "E5 .5, G5 .5, C6 1, B5 .5, A5 .5, G5 1",
        "B5 .5, A5 .5, G5 .5, A5 .5, G5 1.5, - .5",
        "D5 .5, E5 .5, G5 1, B5 .5, D6 .5, B5 1",
        "B5 .5, A5 .5, G5 .5, F#5 .5, E5 1.5, - .5",
        "F#5 .5, A5 .5, D6 1, C6 .5, B5 .5, A5 1",
        "A5 .5, B5 .5, A5 .5, F#5 .5, D5 1.5, - .5",
    ]
    answer = [  # the steel takes over
        "B4 1.5, D5 .5, G5 2",
        "A5 .5, G5 .5, E5 .5, D5 .5, B4 2",
        "C5 1.5, E5 .5, G5 2",
        "A5 .5, G5 .5, E5 .5, C5 .5, E5 2",
        "D5 .5, G5 .5, B5 1, A5 .5, G5 .5, D5 1",
        "F#5 .5, A5 .5, D6 .5, C6 .5, A5 1, F#5 1",
    ]
    for bar, name in enumerate(changes[:-1]):
        at, chord = 4 * bar, pitches(voicings[name])
        drums.steps(at, KICK, "x.......x.......")
        drums.steps(at, SNARE, "ggogxgogggogxgox" if bar % 4 == 3 else "ggogxgogggogxgog")
        drums.steps(at, CLOSED, "..o...o...o...o.")
        low, fifth = bassline[name].split()
        for beat, root in ((0, low), (2, fifth)):
            bass.play(at + beat, root, 1.3, 98)
            guitar.play(at + beat, pitch(root) + 12, 0.9, 88)
            guitar.play(at + beat + 1, chord, 0.5, 84, strum=0.025)
            guitar.play(at + beat + 1.5, chord[::-1][:3], 0.3, 62, strum=0.02)
        roll = [chord[i] + 12 * (i == 0) for i in (1, 2, 3, 0, 2, 3, 1, 3)]
        for i, key in enumerate(roll * 2):
            banjo.play(at + i / 4, key, 0.3, 78 if i % 4 == 0 else 64)
    for bar, phrase in enumerate(tune):
        lead.line(4 * bar, phrase, 84, legato=1.0)
    for bar, phrase in enumerate(answer):
        steel.line(32 + 4 * bar, phrase, 92, legato=1.05)
        if bar % 2:
            lead.play(32 + 4 * bar, pitches(voicings[changes[8 + bar]])[1:3], 3.6, 66)
    bass.play(56, "G1", 1, 100)
    guitar.play(56, "G2 B2 D3 G3 B3 G4", 2, 92, strum=0.03)
    lead.play(56, "B4 G5", 1.2, 86)
    steel.play(56, "D5 B5", 2, 84)
    drums.play(56, KICK, 1, 96)
    players = {"drums": drums, "bass": bass, "guitar": guitar, "banjo": banjo}
    players |= {"lead": lead, "steel": steel}
    return Song("Gravel Road", 168, players, 14, swing=0.53, room=0.45, treble_db=-5, squeeze=3)
