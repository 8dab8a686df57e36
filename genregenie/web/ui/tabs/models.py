"""The Models tab: how good the model is, which one won and why, and what it cannot do."""

from html import escape
from typing import Final

import gradio as gr
import pandas as pd

from genregenie.common import settings
from genregenie.evaluation.protocols import FAULT_FILTERED, FILES, FIXED, GROUPED, STRATIFIED
from genregenie.inference.classifier import Classifier
from genregenie.model.metadata import Metadata, ScoringProtocol
from genregenie.web.views import components

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
_CANNOT: Final = (
    "It hears timbre alone: no rhythm, melody or words.",
    "It knows these genres and no others; anything else is forced into them or called unsure.",
    "A clip shorter than 10 s, a telephone's band or an MP3 at 32 kbit/s costs it many points.",
    "Speech over music and singing without instruments can pass for music.",
)


def build() -> None:
    """Put the tab's contents into the Blocks under construction."""
    metadata = Classifier.load().model.metadata
    folder = settings.model_dir()
    gr.HTML(summary(metadata), elem_id="model-summary", padding=False)
    if (folder / "scores.csv").exists():
        gr.Dataframe(
            score_table(pd.read_csv(folder / "scores.csv"), metadata.winner),
            label="Accuracy of every candidate (the winner is marked)",
            interactive=False,
            elem_id="scores",
            buttons=["copy"],
        )
        gr.HTML(f'<p class="gg-note">{escape(why(metadata))}</p>', padding=False)
    with gr.Row():
        if (folder / "per_genre_f1.csv").exists():
            with gr.Column(min_width=300):
                per_genre = _per_genre(pd.read_csv(folder / "per_genre_f1.csv"), metadata)
                gr.HTML(per_genre, padding=False)
        if (folder / "reliability.csv").exists():
            with gr.Column(min_width=300):
                reliability = _reliability(pd.read_csv(folder / "reliability.csv"))
                gr.HTML(reliability, elem_id="reliability", padding=False)
    if (folder / "confusion.csv").exists():
        confusion = _confusion(pd.read_csv(folder / "confusion.csv", index_col=0), metadata)
        gr.HTML(confusion, elem_id="confusion", padding=False)
    limits = "".join(f"<li>{escape(text)}</li>" for text in _CANNOT)
    gr.HTML(
        components.section("What it cannot do", f'<ul class="gg-list">{limits}</ul>'), padding=False
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


def _protocol(metadata: Metadata) -> ScoringProtocol:
    """How the figures were taken; models that do not say were scored with artists apart."""
    return metadata.protocol or ScoringProtocol(GROUPED.kind, GROUPED.title, GROUPED.remark)


def _flatters(metadata: Metadata) -> bool:
    return _protocol(metadata).kind != GROUPED.kind


def why(metadata: Metadata) -> str:
    """What the figures in the table mean."""
    if _flatters(metadata):
        return _WHY_FILES.format(remark=_protocol(metadata).remark)
    return _WHY


def summary(metadata: Metadata) -> str:
    """What the model was trained on, which one won, and how it does, as HTML."""
    held_out, trained_on = metadata.held_out, metadata.trained_on
    clips = str(trained_on.artists or f"{trained_on.tracks} clips")
    on = (
        f"On clips it has not heard ({_protocol(metadata).remark})"
        if _flatters(metadata)
        else "On artists it has not heard"
    )
    text = (
        f"Trained on {trained_on.source}: {clips}. The winner is "
        f"{metadata.winner.replace('_', ' ')}: {metadata.reason}. {on}, its "
        f"confident answers ({held_out.confident_share:.0%} of all) are right "
        f"{held_out.confident_accuracy:.0%} of the time; the expected calibration error is "
        f"{held_out.ece:.3f}."
    )
    return components.section("The model at work", f"<p>{escape(text)}</p>")


def _second(item: tuple[str, float]) -> float:
    return item[1]


def _per_genre(scores: pd.DataFrame, metadata: Metadata) -> str:
    protocol = _protocol(metadata)
    own = scores[(scores["candidate"] == metadata.winner) & (scores["protocol"] == protocol.kind)]
    f1 = own.drop(columns=["candidate", "protocol"])
    values = sorted(zip(f1.columns, f1.to_numpy(dtype=float)[0].tolist(), strict=True), key=_second)
    items = [(str(genre), value, f"{value:.2f}") for genre, value in reversed(values)]
    return components.section(
        f"F1 by genre, {protocol.title}",
        components.bar_list(items),
        f"1 would be perfect, {1 / len(items):.2g} is chance.",
    )


def _reliability(bins: pd.DataFrame) -> str:
    """Accuracy against confidence, a dot for each bin, its size by the clips in it."""
    columns = [bins[name].tolist() for name in ("clips", "confidence", "accuracy")]
    rows = list(zip(*columns, strict=True))
    most = max(clips for clips, _, _ in rows)
    dots = "".join(
        f'<circle cx="{100 * sure:.1f}" cy="{100 - 100 * right:.1f}" '
        f'r="{1.2 + 3 * (clips / most) ** 0.5:.2f}"><title>{clips} answers, '
        f"{sure:.0%} sure, {right:.0%} right</title></circle>"
        for clips, sure, right in rows
    )
    told = "; ".join(f"{sure:.0%} sure: {right:.0%} right" for _, sure, right in rows)
    grid = "".join(
        f'<path d="M{v} 0V100M0 {v}H100"/><text x="{v}" y="106">{v}</text>'
        f'<text x="-3" y="{102 - v}" text-anchor="end">{v}</text>'
        for v in (0, 25, 50, 75, 100)
    )
    svg = (
        f'<svg class="gg-plot" viewBox="-14 -4 120 126" role="img" aria-label="{escape(told)}">'
        f'<g class="grid">{grid}</g><path class="ideal" d="M0 100L100 0"/>'
        f'<g class="dots">{dots}</g>'
        '<text x="50" y="118">how sure it was (%)</text>'
        '<text transform="translate(-10 50) rotate(-90)">how often it was right (%)</text></svg>'
    )
    return components.section(
        "Is its confidence honest?", svg, "On the dashed line it is right as often as it says."
    )


def _confusion(counts: pd.DataFrame, metadata: Metadata) -> str:
    return components.section(
        "What it mistakes for what",
        components.confusion_table(counts),
        f"Per cent of each genre's clips, {_protocol(metadata).title}.",
    )
