"""A `Prediction` in words and tables, free of gradio."""

from collections.abc import Iterable

import pandas as pd

from genregenie.audio import format_duration
from genregenie.common import genres
from genregenie.common.genres import display_name
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.inference.timeline import runs
from genregenie.model.explain import Trait

NAMELESS = "Recording"
"""A clip that brings no name at all."""
_QUALITIES: dict[str, str] = {
    "full": "",
    "narrow": "There is nothing above 4 kHz in it, as over a telephone: too narrow to be sure.",
    "coarse": "It is stored in so few steps (8 bit, or far too soft) that noise covers its softer "
    "parts: too coarse to be sure.",
}
_WORTH_A_WORD_S = 1.0
_WORTH_TELLING = 5
_WORTH_SAYING = 0.2  # a fifth more likely, as odds go
_MODELS = {
    "knn": "kNN",
    "knn_kl": "kNN, KL divergence",
    "svm": "SVM",
    "svc": "SVC",
    "lda": "LDA",
    "sgd": "SGD",
    "cosine": "cosine recommender",
    "gaussian_nb": "Gaussian naive Bayes",
    "shipped": "boosting, as shipped",
    "everything": "the shipped model",
    "cnn": "CNN",
    "lstm": "LSTM",
    "hybrid": "CNN and LSTM with transfer",
    "feed_forward": "feed-forward network",
    "attention": "attention over windows",
}
_TRAITS: dict[Trait, str] = {
    "loudness": "how loud it is",
    "brightness": "how bright it sounds",
    "colour": "its tone colour",
    "change": "how much its sound changes",
    "movement": "how its sounds go together",
    "rhythm": "how it pulses",
    "style": "the style that the network hears",
}


def clip_name(prediction: Prediction, name: str | None = None) -> str | None:
    """What a clip is called: artist and title where its tags say so, else `name`."""
    tags = (part for part in (prediction.artist, prediction.title) if part)
    return " \N{EN DASH} ".join(tags) or name


def words_to_share(prediction: Prediction, title: str | None) -> str:
    """What goes along with a picture: "Jazz, 88 % sure: Corner Table. What do you hear?"."""
    told = Headline.of(prediction).short
    return f"{told}: {title}. What do you hear?" if title else f"{told}. What do you hear?"


def reasons_sentence(prediction: Prediction) -> str:
    """What spoke for the genre: "What made it reggae rather than disco: its tone colour"."""
    if not prediction.reasons or prediction.genre is None:
        return ""
    spoke_for = [r for r in prediction.reasons if r.log_odds >= _WORTH_SAYING][:2]
    against = prediction.reasons[-1]
    genre, other = display_name(prediction.genre).lower(), display_name(against.against).lower()
    if not spoke_for:
        return f"Nothing in its sound speaks clearly for {genre} rather than {other}."
    told = f"What made it {genre} rather than {other}: {_TRAITS[spoke_for[0].part]}"
    if len(spoke_for) > 1:
        told += f", then {_TRAITS[spoke_for[1].part]}"
    if against.log_odds <= -_WORTH_SAYING:
        told += f"; {_TRAITS[against.part]} pointed to {other}"
    return f"{told}."


def listened_sentence(prediction: Prediction) -> str:
    """How much of the file was heard."""
    length = format_duration(prediction.duration_s)
    if prediction.is_silent:
        return f"There is next to no sound in it, {length} of silence."
    told = f"Listened to all of it, {length}."
    if prediction.is_partial:
        heard = format_duration(prediction.analysed_s + prediction.silent_s)
        told = f"A long file, {length}: listened to {heard} of it, spread evenly."
    if prediction.silent_s >= _WORTH_A_WORD_S:
        told += f" {format_duration(prediction.silent_s)} of that is silence, and left out."
    return told


def remark(prediction: Prediction) -> str:
    """What is special about how it was heard; empty for most."""
    if prediction.is_silent:
        return ""
    partly = prediction.is_partial or prediction.silent_s >= _WORTH_A_WORD_S
    told = [listened_sentence(prediction)] if partly else []
    return " ".join([*told, quality_sentence(prediction)]).rstrip()


def quality_sentence(prediction: Prediction) -> str:
    """Why a sound is never judged confidently; empty for most."""
    return _QUALITIES[prediction.quality]


def key_name(key: str) -> str:
    """A key as musicians write it: "Bb major" becomes "B\N{MUSIC FLAT SIGN} major"."""
    tonic, mode = key.split(" ", 1)
    tonic = tonic[0] + tonic[1:].replace("b", "\N{MUSIC FLAT SIGN}").replace(
        "#", "\N{MUSIC SHARP SIGN}"
    )
    return f"{tonic} {mode}"


def timeline_sentence(prediction: Prediction) -> str:
    """How the genre moves, such as "Reggae throughout" or "Mostly jazz; metal from 0:18".

    Empty where what is heard most of the time is not what the verdict says.
    """
    found = runs(prediction.timeline, prediction.duration_s)
    lengths: dict[str, float] = {}
    for run in found:
        lengths[run.genre] = lengths.get(run.genre, 0.0) + run.end_s - run.start_s
    if not found or max(lengths, key=lambda genre: lengths[genre]) != prediction.genre:
        return ""
    main = display_name(prediction.genre)
    if len(found) == 1:
        return f"{main} throughout."
    others: dict[str, float] = {}
    for run in found:
        if run.genre != prediction.genre:
            others.setdefault(run.genre, run.start_s)
    if len(found) > _WORTH_TELLING:
        return f"Mostly {main.lower()}, with {_listed(others)} in between."
    told = [
        f"{display_name(genre).lower()} from {format_duration(start_s)}"
        if start_s
        else f"{display_name(genre).lower()} at first"
        for genre, start_s in others.items()
    ]
    return f"Mostly {main.lower()}; {', '.join(told)}."


def _listed(genres_named: Iterable[str]) -> str:
    return " and ".join(display_name(genre).lower() for genre in list(genres_named)[:3])


def model_name(name: str) -> str:
    """How a model of the lab is written for people: ``"svm_text"`` becomes "SVM with text"."""
    base = name.removesuffix("_text")
    shown = _MODELS.get(base, base.replace("_", " "))
    return f"{shown} with text" if base != name else shown


def ranked(prediction: Prediction) -> list[tuple[str, float]]:
    """Display names and confidences, the most confident first."""
    return [(display_name(genre), p) for genre, p in genres.ranked(prediction.confidences)]


def confidence_table(prediction: Prediction) -> pd.DataFrame:
    """All genres and their confidence in per cent, the most confident first."""
    rows = [(genre, round(100 * p, 1)) for genre, p in ranked(prediction)]
    return pd.DataFrame(rows, columns=["Genre", "Confidence (%)"])
