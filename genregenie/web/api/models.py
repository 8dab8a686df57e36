"""What the API takes and gives, as its description tells it.

The answers themselves are made elsewhere, the same for page, command line and API; a test holds
real ones to these.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Has the fields that it names, and no others."""

    model_config = ConfigDict(extra="forbid")


class Moment(Model):
    """The genre of one stretch of the clip; stretches overlap."""

    start_s: float
    end_s: float
    confidences: dict[str, float]
    heard: list[str]


class Neighbour(Model):
    """A reference track that sounds like the clip."""

    artist: str | None
    title: str | None
    genre: str
    distance: float


class Autotag(Model):
    """What the pretrained network calls the clip."""

    name: str
    group: Literal["style", "era", "mood", "voice"]
    probability: float
    level: float
    heard: bool


class Heard(Model):
    """What GenreGenie makes of a clip."""

    genre: str | None = Field(description="The most likely genre; null if it is not music.")
    verdict: Literal["confident", "unsure", "not music"]
    confidence: float = Field(description="Calibrated confidence in the most likely genre.")
    confidences: dict[str, float] = Field(description="Over all genres; they sum to 1.")
    duration_s: float
    analysed_s: float = Field(description="How much sound was listened to.")
    silent_s: float
    quality: Literal["full", "narrow", "coarse"]
    timeline: list[Moment]
    neighbours: list[Neighbour]
    title: str | None = Field(description="The file's own tag.")
    artist: str | None = Field(description="The file's own tag.")
    autotags: list[Autotag]
    beyond: list[str] = Field(description="What no genre of the model can say.")
    parts: list[str] = Field(description="What the confidences rest on.")
    tempo_bpm: float | None
    tempo_confidence: float
    key: str | None
    key_confidence: float


class Classified(Heard):
    """The object that `genregenie classify --json` prints of a file."""

    file: str = Field(description="What the clip is called.")
    error: None = None


class Kept(Classified):
    """The same of a clip that was put into the history."""

    id: int = Field(description="Its number in the history.")


class Line(Model):
    """A result in the history."""

    id: int
    made_at: datetime
    name: str
    genre: str | None
    verdict: str
    confidence: float
    duration_s: float
    has_audio: bool
    shared_at: datetime | None


class Page(Model):
    """Some of the history, the newest first."""

    total: int = Field(description="How many there are in all.")
    items: list[Line]
    next_offset: int | None = Field(description="Where the next ones begin; null after the last.")


class Reason(Model):
    """What a part of the sound spoke for the most likely genre."""

    part: str
    against: str
    log_odds: float


class Result(Heard):
    """A result as a whole."""

    id: int
    made_at: datetime
    name: str
    has_audio: bool
    shared_at: datetime | None
    reasons: list[Reason]
    statistics: dict[str, Any] = Field(description="Sums of the clip's MFCCs.")


class Said(Model):
    """Somebody's word on a result: that it is right, or which genre it is."""

    id: int = Field(description="Of a result in the history.", ge=1)
    right: Literal[True] | None = Field(None, description="The verdict is right.")
    genre: str | None = Field(
        None, description="It is this genre; null takes back what was said before."
    )


class KeptWord(Model):
    """What is kept of it."""

    id: int
    genre: str | None


class Problem(Model):
    """What is wrong (RFC 9457)."""

    title: str = Field(description="What the status is called.")
    status: int
    detail: str = Field(description="A sentence for people.")
    request: str | None = Field(
        None, description="What the server's log calls this request, where it is to blame."
    )
