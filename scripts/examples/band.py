"""A small band: parts that play notes at beats, swing together and are never quite exact.

Times are in quarter-note beats from the start of the song, pitches MIDI numbers or names such as
``"F#4"`` (C4 is 60), loudness is MIDI velocity.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import mido
import numpy as np

TICKS: Final = 960
DRUM_CHANNEL: Final = 9

KICK, RIM, SNARE, CLAP = 36, 37, 38, 39
CLOSED, PEDAL, OPEN = 42, 44, 46
LOW_TOM, MID_TOM, HIGH_TOM = 43, 47, 50
CRASH, RIDE, CHINA, SPLASH = 49, 51, 52, 55
TAMBOURINE, SHAKER = 54, 70

_STRENGTH: Final = {"X": 118, "x": 100, "o": 78, "g": 42}
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch(name: str) -> int:
    """MIDI number of a name: ``pitch("A4") == 69``."""
    sharps = name.count("#") - name[1:].count("b")
    return 12 * (int(name[-1]) + 1) + _STEPS[name[0]] + sharps


def pitches(names: str) -> list[int]:
    """MIDI numbers of names with spaces between them."""
    return [pitch(name) for name in names.split()]


@dataclass(frozen=True)
class Note:
    """A key pressed for `length` beats."""

    beat: float
    pitch: int
    length: float
    velocity: float


@dataclass(eq=False)
class Part:
    """One player.

    Attributes
    ----------
    program : int
        General MIDI program from 0, or the kit for drums.
    volume, pan, reverb, chorus : int, 0 to 127
        The channel's controllers; pan 64 is the middle.
    loose_ms : float
        Standard deviation of the player's timing.
    late_ms : float
        How far behind the beat the player sits; negative pushes ahead.
    """

    program: int
    volume: int = 96
    pan: int = 64
    reverb: int = 40
    chorus: int = 0
    loose_ms: float = 6.0
    late_ms: float = 0.0
    drums: bool = False
    notes: list[Note] = field(default_factory=list)

    def play(
        self,
        beat: float,
        keys: int | str | Iterable[int],
        length: float,
        velocity: float = 80,
        strum: float = 0.0,
    ) -> None:
        """A note, or a chord whose keys follow each other by `strum` beats."""
        if isinstance(keys, str):
            keys = pitches(keys)
        for i, key in enumerate([keys] if isinstance(keys, int) else keys):
            self.notes.append(Note(beat + i * strum, key, length - i * strum, velocity))

    def line(
        self, beat: float, tune: str, velocity: float = 84, legato: float = 0.94, shift: int = 0
    ) -> float:
        """A melody such as ``"C4 1, - .5, D4 .5"``: names and beats, ``-`` rests.

        The first note of each bar of four and long notes are leant on. `shift` transposes.
        Returns the beat at which the tune ends.
        """
        start = beat
        for item in tune.replace("|", ",").split(","):
            name, beats = item.split()
            length = float(beats)
            if name != "-":
                accent = 7 * ((beat - start) % 4 == 0) + 5 * (length >= 1) - 4 * (length <= 0.25)
                self.play(beat, pitch(name) + shift, length * legato, velocity + accent)
            beat += length
        return beat

    def steps(self, beat: float, key: int, grid: str, length: float = 0.2) -> None:
        """Sixteenths: ``X`` hard, ``x`` plain, ``o`` soft, ``g`` ghost, anything else rests."""
        for i, mark in enumerate(grid.replace(" ", "")):
            if mark in _STRENGTH:
                self.play(beat + i / 4, key, length, _STRENGTH[mark])


@dataclass
class Song:
    """Parts played together.

    Attributes
    ----------
    bpm : float
        Quarter notes a minute.
    swing : float, 0.5 to 0.75
        Where in a pair of `swing_unit` beats the second one falls; 0.5 is straight.
    slow_from : float
        The beat from which the band slows down to the end, by a fifth.
    room : float, 0 to 1
        Size of the reverb.
    treble_db : float
        How much brighter or darker the record is cut, above some 3 kHz.
    squeeze : float >= 1
        Ratio of the compressor on the whole band: 1 leaves the dynamics alone.
    """

    title: str
    bpm: float
    parts: dict[str, Part]
    seed: int
    swing: float = 0.5
    swing_unit: float = 0.5
    slow_from: float = float("inf")
    room: float = 0.5
    treble_db: float = 0.0
    squeeze: float = 2.0

    def save(self, path: Path) -> None:
        """Write a MIDI file; the same every time."""
        rng = np.random.default_rng(self.seed)
        file = mido.MidiFile(ticks_per_beat=TICKS)
        file.tracks.append(self._tempo_track())
        channels = (c for c in range(16) if c != DRUM_CHANNEL)
        for name, part in self.parts.items():
            channel = DRUM_CHANNEL if part.drums else next(channels)
            file.tracks.append(self._track(name, part, channel, rng))
        file.save(path)

    def _tempo_track(self) -> mido.MidiTrack:
        events = [(0.0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(self.bpm)))]
        if np.isfinite(self.slow_from):
            for i in range(8):
                tempo = mido.bpm2tempo(self.bpm * (1 - 0.025 * (i + 1)))
                event = mido.MetaMessage("set_tempo", tempo=tempo)
                events.append((self.slow_from + i / 2, event))
        return _track_of("tempo", events)

    def _track(
        self, name: str, part: Part, channel: int, rng: np.random.Generator
    ) -> mido.MidiTrack:
        events = [(0.0, mido.Message("program_change", channel=channel, program=part.program))]
        controls = {7: part.volume, 10: part.pan, 91: part.reverb, 93: part.chorus}
        for control, value in controls.items():
            event = mido.Message("control_change", channel=channel, control=control, value=value)
            events.append((0.0, event))
        beats_per_ms = self.bpm / 60_000
        for note in sorted(part.notes, key=lambda n: (n.beat, n.pitch)):
            off_ms = part.late_ms + float(np.clip(rng.normal(), -2, 2)) * part.loose_ms
            start = max(self._swung(note.beat) + off_ms * beats_per_ms, 0.0)
            end = self._swung(note.beat + note.length) + off_ms * beats_per_ms
            velocity = int(np.clip(note.velocity + rng.normal(0, 4), 1, 127))
            key = {"channel": channel, "note": note.pitch}
            events.append((start, mido.Message("note_on", velocity=velocity, **key)))
            events.append((max(end, start + 0.02), mido.Message("note_off", **key)))
        return _track_of(name, events)

    def _swung(self, beat: float) -> float:
        pair = 2 * self.swing_unit
        whole, part = divmod(beat, pair)
        part /= pair
        if part < 0.5:
            return (whole + 2 * part * self.swing) * pair
        return (whole + self.swing + (2 * part - 1) * (1 - self.swing)) * pair


def _track_of(name: str, events: list[tuple[float, mido.Message]]) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    # A key is let go before it is pressed again at the same moment.
    for beat, event in sorted(events, key=lambda e: (e[0], e[1].type != "note_off")):
        tick = round(beat * TICKS)
        track.append(event.copy(time=tick - now))
        now = tick
    return track
