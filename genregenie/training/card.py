"""The model card: what the model is, how it was made, how good it is, what it cannot do."""

from collections.abc import Sequence

from genregenie.common.genres import display_name
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import Protocol, decisive
from genregenie.model.metadata import FeedbackEffect, Metadata
from genregenie.training.compare import Scores
from genregenie.training.weighing import PartScores

_GTZAN_REMARKS = """\
## Licence and data

- GTZAN carries no licence, and its audio is not part of this project. This folder holds what the
  training command made of MFCC statistics of 709 of its clips: fitted models, reference vectors
  with artist and title, and scores. Artist and title come from B. L. Sturm, "An analysis of the
  GTZAN music genre dataset", MIRUM 2012; the fault-filtered split from C. Kereliuk, B. L. Sturm
  and J. Larsen, "Deep learning and music adversaries", IEEE Transactions on Multimedia 2015.
- GTZAN has exact repeats and wrong labels. They were left in; leaving the clips that the
  fault-filtered split excludes out of training made no measurable difference.
- No content taken from the Spotify Web API was used; its developer terms forbid training on it.
"""

_LIMITS = """\
## Limits

- It knows the genres above and no others, as they sounded in its training clips. Anything else is
  forced into them or, at best, called *unsure*.
"""

_TIMBRE_LIMITS = """\
- It hears timbre alone: no rhythm, melody, words or instruments as such. Genres that differ in
  those, rock and country or disco and pop, are the ones it mixes up.
- *not music* catches silence, tones, steady noise and plain speech. Speech over music, a cappella
  singing and field recordings can pass for music, and very sparse or electronic music can fail.
- A clip shorter than 10 s is judged with clearly more errors.
- A sound that ends below 5 kHz, as over a telephone, or that was stored in 8 bits is never called
  *confident*: more of its answers are wrong, and some are *not music*.
"""


def model_card(
    metadata: Metadata, table: Table, scores: Sequence[Scores], parts: Sequence[PartScores] = ()
) -> str:
    """The card as Markdown.

    Parameters
    ----------
    metadata : Metadata
        Of a model that this release has trained.
    table : Table
        What it was trained on.
    scores : sequence of Scores
        Of all candidates, under the protocol that decides on `table` and others.
    parts : sequence of PartScores
        What is known beside timbre, and what it adds.
    """
    winner, held_out, trained_on = metadata.winner, metadata.held_out, metadata.trained_on
    own = {s.protocol.kind: s for s in scores if s.candidate == winner}
    deciding = own[decisive(table).kind]
    lines = [
        "# Model card",
        "",
        f"The genre classifier trained on {trained_on.source}: {table.known()}, "
        f"{len(table.genres)} genres ({', '.join(display_name(g) for g in table.genres)}). "
        f"It is `{winner}`: {metadata.reason}.",
        "",
        "Input is the mean and covariance of 13 MFCCs; see `genregenie/features/`. The model is "
        "in `model.skops` (scikit-learn, readable with skops, no pickle). The same model as plain "
        "arrays, where there is an `arrays.npz`, is what the application loads.",
        "",
        *_parts(metadata, parts),
        "## How good timbre alone is" if parts else "## How good it is",
        "",
        f"{trained_on.folds}-fold cross-validation, mean of {trained_on.seeds} seeds, "
        + (
            "hyper-parameters those of the model without feedback."
            if metadata.feedback
            else "hyper-parameters searched inside each training fold."
        ),
        "",
        "| protocol | accuracy | macro-F1 | top-3 |",
        "|---|---|---|---|",
        *(
            f"| {s.protocol.title}: {s.protocol.remark} | {_with_spread(s)} | {s.f1:.3f} "
            f"| {s.top3:.3f} |"
            for s in own.values()
        ),
        "",
        f"With {deciding.protocol.claim}, after recalibration, thresholds cross-fitted:",
        "",
        f"- expected calibration error {held_out.ece:.3f} (10 bins)",
        f"- *confident* answers are right {held_out.confident_accuracy:.0%} of the time and "
        f"make up {held_out.confident_share:.0%} of all",
        f"- {held_out.music_turned_away:.1%} of the real clips are called *not music*",
        "",
        f"F1 by genre, {deciding.protocol.claim}: "
        + ", ".join(
            f"{display_name(g)} {f:.2f}"
            for g, f in zip(table.genres, deciding.per_genre_f1, strict=True)
        )
        + ".",
        "",
        *(_feedback(metadata.feedback) if metadata.feedback else []),
        "## All candidates",
        "",
        *_score_table(scores, deciding.protocol),
        "",
        _limits(metadata),
    ]
    if "GTZAN" in trained_on.source:
        lines.append(_GTZAN_REMARKS)
    lines += [
        "## Made with",
        "",
        f"`{trained_on.command}`, "
        + ", ".join(f"{k} {v}" for k, v in metadata.versions.items())
        + f"; parameters {metadata.parameters}.",
        "",
    ]
    return "\n".join(lines)


_NETWORK_LIMITS = """\
- The pretrained network was trained on the Million Song Dataset, of which the songs are not listed
  here: it may hold songs and artists of the training clips. So *artists apart* holds for what was
  learnt here, and cannot be promised for what the network knew before.
- *not music* is told by the network, from a few dozen real sounds; see docs/evaluation.md. Without
  the network (`--fast`) it is the distance to the training clips, which catches silence, tones,
  steady noise and plain speech, and little else.
- A sound that ends below 5 kHz, as over a telephone, or that was stored in 8 bits is never called
  *confident*.
"""


_ELSEWHERE_LIMITS = """\
- Thresholds of confidence were raised until they held on music from outside the training clips,
  and that is {songs} songs: weak evidence.
"""


def _limits(metadata: Metadata) -> str:
    knows_more = any("autotags" in hearing.parts for hearing in metadata.hearings)
    limits = _LIMITS + (_NETWORK_LIMITS if knows_more else _TIMBRE_LIMITS)
    if metadata.elsewhere is not None:
        limits += _ELSEWHERE_LIMITS.format(songs=metadata.elsewhere)
    return limits


_OTHERS = {
    "temporal": "how loudness moves in each band of frequency (`genregenie/features/temporal.py`)",
    "autotags": "the 50 autotags of a pretrained network (`models/musicnn`)",
}
_NAMES = {"timbre": "timbre", "temporal": "movement in time", "autotags": "autotags"}


def _parts(metadata: Metadata, parts: Sequence[PartScores]) -> list[str]:
    """What is known beside timbre, and what each part adds."""
    if not parts:
        return []
    best = metadata.hearings[0]
    others = [_OTHERS[part] for part in best.parts if part in _OTHERS]
    return [
        f"Timbre is one part of what it hears. There is also {' and '.join(others)}. Each part has "
        "a model of its own in `heads.npz`, and as a scikit-learn pipeline in a `.skops` file; "
        "`part_scores.csv` has all that were compared. The logarithms of their confidences are "
        "added up, with weights for each combination that a clip can come with.",
        "",
        "## How good it is",
        "",
        f"Of {best.clips} clips that have all parts, {parts[0].protocol.claim}, weights and "
        "thresholds cross-fitted:",
        "",
        f"- accuracy {best.accuracy:.3f} ± {best.accuracy_sd:.3f}, macro-F1 {best.macro_f1:.3f}, "
        f"top-3 {best.top3:.3f}, expected calibration error {best.ece:.3f}",
        f"- an answer is *confident* from {best.confident:.0%} on: right "
        f"{best.confident_accuracy:.0%} of the time, {best.confident_share:.0%} of all",
        "",
        "What each part adds:",
        "",
        "| parts | protocol | accuracy | macro-F1 | top-3 | log loss | ECE |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {_named(s.parts)} | {s.protocol.title} | {s.hearing.accuracy:.3f} "
            f"± {s.hearing.accuracy_sd:.3f} | {s.hearing.macro_f1:.3f} | {s.hearing.top3:.3f} "
            f"| {s.hearing.log_loss:.3f} | {s.hearing.ece:.3f} |"
            for s in parts
        ),
        "",
    ]


def _named(parts: str) -> str:
    joined, _, way = parts.partition(", ")
    names = " + ".join(_NAMES[part] for part in joined.split("+"))
    return f"{names}, {way}" if way else names


def _feedback(feedback: FeedbackEffect) -> list[str]:
    """What people's answers did, as `genregenie.training.improve` found it."""
    accuracy, log_loss = feedback.accuracy, feedback.log_loss
    return [
        "## Feedback",
        "",
        f"It has also learned from {feedback.answers} answers by {feedback.people} people, "
        f"which together weigh as much as {feedback.weight:.1f} curated clips. "
        f"{feedback.measured}, that {feedback.verdict}: accuracy "
        f"{accuracy.without:.3f} without and {accuracy.with_feedback:.3f} with it "
        f"(95 % interval of the difference {accuracy.low:+.3f} to {accuracy.high:+.3f}), log "
        f"loss {log_loss.without:.3f} and {log_loss.with_feedback:.3f} "
        f"({log_loss.low:+.3f} to {log_loss.high:+.3f}).",
        "",
    ]


def _with_spread(scores: Scores) -> str:
    if scores.protocol.is_one_split:  # which has no spread
        return f"{scores.accuracy:.3f}"
    return f"{scores.accuracy:.3f} ± {scores.accuracy_sd:.3f}"


def _score_table(scores: Sequence[Scores], protocol: Protocol) -> list[str]:
    kinds = list(dict.fromkeys(s.protocol.kind for s in scores))
    titles = {s.protocol.kind: s.protocol.title for s in scores}
    by_candidate: dict[str, dict[str, Scores]] = {}
    for s in scores:
        by_candidate.setdefault(s.candidate, {})[s.protocol.kind] = s
    head = ["candidate", *(f"accuracy, {titles[k]}" for k in kinds), "macro-F1", "top-3", "ECE"]
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, own in by_candidate.items():
        decisive = own[protocol.kind]
        cells = [
            name,
            *(f"{own[k].accuracy:.3f}" for k in kinds),
            f"{decisive.f1:.3f}",
            f"{decisive.top3:.3f}",
            f"{decisive.ece:.3f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    rows += ["", f"Macro-F1, top-3 and ECE (before recalibration) with {protocol.claim}."]
    return rows
