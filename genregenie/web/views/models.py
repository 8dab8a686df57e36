"""How good a model is, which one won and why, and what it cannot do: tables, words, HTML."""

from typing import Final

import pandas as pd
from markupsafe import Markup

from genregenie.evaluation.protocols import FAULT_FILTERED, FILES, FIXED, GROUPED, STRATIFIED
from genregenie.model.metadata import Metadata, ScoringProtocol
from genregenie.web.views import components
from genregenie.web.views.fragments import render

_PROTOCOLS: Final = {
    GROUPED.kind: "Artists apart",
    FILES.kind: "Files apart",
    STRATIFIED.kind: "Random",
    FAULT_FILTERED.kind: "Fault-filtered",
    FIXED.kind: "The table's own split",
}
_WHY: Final = (
    "Split at random, the same artists and albums stand on both sides, and a model scores for "
    "recognising them; with artists apart it has to recognise the genre."
)
_WHY_FILES: Final = (
    "These are not figures for artists it has not heard: {remark}. Tell the artists, in the tags "
    "or as <genre>/<artist>/<files>, and train again."
)
_HEARS: Final = {
    "timbre": "timbre",
    "temporal": "movement in time",
    "autotags": "the style, era, mood and voice that a pretrained network hears",
}
_PARTS: Final = {"temporal": "movement in time", "autotags": "the network's tags"}
_MODELS: Final = {
    "soft_vote": "several models vote, each with its confidence",
    "kernel_logistic_regression": "it weighs how near a clip is to each clip it learnt from",
}
_TIMBRE_ALONE: Final = "It hears timbre alone: no rhythm, melody or words."
_NETWORK: Final = (
    "The pretrained network may have heard songs of the training clips, so even the honest figures "
    "may flatter a little."
)
_CANNOT: Final = (
    "It knows these genres and no others; anything else is forced into them or called unsure.",
    "A clip shorter than 10 s, a telephone's band or an MP3 at 32 kbit/s costs it many points.",
    "Speech over music and singing without instruments can pass for music.",
)


def score_table(scores: pd.DataFrame, winner: str) -> pd.DataFrame:
    """A row for each candidate, best first: accuracy under each protocol and more."""
    accuracy = scores.pivot_table(index="candidate", columns="protocol", values="accuracy")
    table = pd.DataFrame(index=accuracy.index)
    for kind, title in _PROTOCOLS.items():
        if kind in accuracy:
            table[f"{title} (%)"] = (100 * accuracy[kind]).round(1)
    decides = FILES.kind if FILES.kind in accuracy else GROUPED.kind
    decisive = scores[scores["protocol"] == decides].set_index("candidate")
    table["Top-3 (%)"] = (100 * decisive["top3"]).round(1)
    table["Macro-F1"] = decisive["macro_f1"].round(3)
    table["ECE"] = decisive["ece"].round(3)
    table = table.sort_values(f"{_PROTOCOLS[decides]} (%)", ascending=False).reset_index()
    names = [f"{'★ ' if n == winner else ''}{n.replace('_', ' ')}" for n in table["candidate"]]
    table.insert(0, "Model", names)
    return table.drop(columns="candidate")


def why(metadata: Metadata) -> Markup:
    """What the figures in the table mean."""
    if _flatters(metadata):
        return components.note(_WHY_FILES.format(remark=_protocol(metadata).remark))
    return components.note(_WHY)


def in_short(metadata: Metadata) -> Markup:
    """What the model knows and how good it is, for people who do not measure models."""
    best = metadata.hearings[0] if metadata.hearings else None
    held_out = best or metadata.held_out
    known = f"{len(metadata.genres)} genres, learnt from {metadata.trained_on.tracks} clips."
    of = "clips" if _flatters(metadata) else "artists"
    told = [known]
    if best is not None:
        told.append(
            f"On {of} that it has never heard it names the right one {_out_of_ten(best.accuracy)}; "
            f"when it says that it is sure, {_out_of_ten(held_out.confident_accuracy)}."
        )
    else:
        told.append(
            f"When it says that it is sure, on {of} that it has never heard, it is right "
            f"{_out_of_ten(held_out.confident_accuracy)}."
        )
    told.append(
        "All other music it calls by the nearest of its genres, and it says so where it is not sure"
        + (" or hears a style that is none of them." if best is not None else ".")
    )
    return components.section("What it knows", components.paragraph(" ".join(told)))


def _out_of_ten(share: float) -> str:
    times = round(10 * share)
    if times == 10:
        return "more than 9 times out of 10"
    return "once out of 10 times" if times == 1 else f"{times} times out of 10"


def summary(metadata: Metadata) -> Markup:
    """What the model was trained on, which one won, and how it does."""
    held_out, trained_on = metadata.held_out, metadata.trained_on
    clips = str(trained_on.artists or f"{trained_on.tracks} clips")
    on = (
        f"On clips it has not heard ({_protocol(metadata).remark})"
        if _flatters(metadata)
        else "On artists it has not heard"
    )
    text = (
        f"Trained on {trained_on.source}: {clips}. The winner is "
        f"{_explained(metadata.winner)}: {metadata.reason}. {on}, its "
        f"confident answers ({held_out.confident_share:.0%} of all) are right "
        f"{held_out.confident_accuracy:.0%} of the time; the expected calibration error is "
        f"{held_out.ece:.3f}."
    )
    paragraphs = [components.paragraph(text)]
    if metadata.hearings:
        best = metadata.hearings[0]
        whole = (
            f"{on} it names the right one of {len(metadata.genres)} genres "
            f"{best.accuracy:.0%} of the time, and has it among its first three {best.top3:.0%} of "
            f"the time (expected calibration error {best.ece:.3f}). It blends what it makes of "
            f"{' and '.join(_HEARS[part] for part in best.parts)}. From {best.confident:.0%} on it "
            f"calls an answer confident: {best.confident_share:.0%} of them, right "
            f"{best.confident_accuracy:.0%} of the time."
        )
        if metadata.elsewhere is not None:
            whole += (
                f" That was set so that four of five are right on {metadata.elsewhere} songs "
                "from elsewhere too."
            )
        paragraphs = [
            components.paragraph(whole),
            components.paragraph(f"Of timbre alone: {text}"),
        ]
    return components.section("The model at work", Markup("").join(paragraphs))


def _explained(name: str) -> str:
    words = name.replace("_", " ")
    return f"{words} ({_MODELS[name]})" if name in _MODELS else words


def parts_table(parts: pd.DataFrame) -> pd.DataFrame:
    """What each part of its hearing adds, artists apart; the best first."""
    decisive = parts[parts["protocol"] == parts["protocol"].iloc[0]]
    names = decisive["parts"].replace(_PARTS, regex=True).str.replace("+", " + ", regex=False)
    table = pd.DataFrame(
        {
            "It hears": names,
            "Accuracy (%)": (100 * decisive["accuracy"]).round(1),
            "Top-3 (%)": (100 * decisive["top3"]).round(1),
            "Macro-F1": decisive["macro_f1"].round(3),
            "ECE": decisive["ece"].round(3),
        }
    )
    return table.sort_values("Accuracy (%)", ascending=False).reset_index(drop=True)


def per_genre(scores: pd.DataFrame, metadata: Metadata) -> Markup:
    """F1 of each genre as bars, the best first."""
    protocol = _protocol(metadata)
    name = "blend" if (scores["candidate"] == "blend").any() else metadata.winner
    own = scores[(scores["candidate"] == name) & (scores["protocol"] == protocol.kind)]
    f1 = own.drop(columns=["candidate", "protocol"])
    values = sorted(
        zip(f1.columns, f1.to_numpy(dtype=float)[0].tolist(), strict=True),
        key=lambda item: item[1],
        reverse=True,
    )
    return components.section(
        f"F1 by genre, {protocol.title}",
        components.bar_list([(str(genre), value, f"{value:.2f}") for genre, value in values]),
        f"1 would be perfect, {1 / len(values):.2g} is chance.",
    )


def reliability(bins: pd.DataFrame) -> Markup:
    """Accuracy against confidence."""
    columns = [bins[name].tolist() for name in ("clips", "confidence", "accuracy")]
    rows = list(zip(*columns, strict=True))
    most = max(clips for clips, _, _ in rows)
    dots = [
        (
            f"{100 * sure:.1f}",
            f"{100 - 100 * right:.1f}",
            f"{1.2 + 3 * (clips / most) ** 0.5:.2f}",
            f"{clips} answers, {sure:.0%} sure, {right:.0%} right",
        )
        for clips, sure, right in rows
    ]
    told = "; ".join(f"{sure:.0%} sure: {right:.0%} right" for _, sure, right in rows)
    return components.section(
        "Is its confidence honest?",
        render("models", "reliability", dots=dots, told=told),
        "On the dashed line it is right as often as it says.",
    )


def confusion(counts: pd.DataFrame, metadata: Metadata) -> Markup:
    """What is mistaken for what."""
    return components.section(
        "What it mistakes for what",
        components.confusion_table(counts),
        f"Per cent of each genre's clips, {_protocol(metadata).title}.",
    )


def limits(metadata: Metadata) -> Markup:
    """What no model of this kind can do."""
    hears_tags = any("autotags" in hearing.parts for hearing in metadata.hearings)
    first = _NETWORK if hears_tags else _TIMBRE_ALONE
    return components.section("What it cannot do", components.bullets((first, *_CANNOT)))


def _protocol(metadata: Metadata) -> ScoringProtocol:
    """How the figures were taken; models that do not say were scored with artists apart."""
    return metadata.protocol or ScoringProtocol(GROUPED.kind, GROUPED.title, GROUPED.remark)


def _flatters(metadata: Metadata) -> bool:
    return _protocol(metadata).kind != GROUPED.kind
