"""Plots of a table and of scores as SVG that follows the page: light or dark, wide or narrow.

Drawn with matplotlib, which is imported when the first plot is wanted. What it would draw in
black becomes ``currentColor``, so the page's own text colour decides.
"""

import io
import re
from collections.abc import Callable, Sequence
from functools import wraps
from html import escape
from typing import Any, Final, ParamSpec

import numpy as np

from genregenie.lab.explore import Exploration

_INK: Final = "#010203"
"""Stands for the page's text colour while matplotlib draws."""

_WIDTH_IN: Final = 4.8
COLOURS: Final = (
    "#3b6fd4",
    "#e0712c",
    "#2a9d8f",
    "#d6569b",
    "#a68a1d",
    "#8e6bbf",
    "#3f9b46",
    "#d64550",
    "#6b7280",
    "#b5793a",
)
_MARKS: Final = "os^Dv"


_TEXT: Final[dict[str, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, to be selected, and in the page's own font
    "text.parse_math": False,  # and a dollar in a genre's name is a dollar
}
_STYLE: Final[dict[str, Any]] = _TEXT | {
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.facecolor": "none",
    "font.size": 9.5,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}

Drawn = tuple[Any, str]
"""A figure, and what it shows in words."""

P = ParamSpec("P")


def _styled(draw: Callable[P, Drawn]) -> Callable[P, Drawn]:
    """Everything that the function draws is in the lab's style."""

    @wraps(draw)
    def styled(*args: P.args, **named: P.kwargs) -> Drawn:
        import matplotlib as mpl

        with mpl.rc_context(_STYLE):
            return draw(*args, **named)

    return styled


def _figure(height_in: float, width_in: float = _WIDTH_IN) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="none")
    return figure, figure.subplots()


def as_svg(figure: Any, told: str) -> str:
    """A figure as one ``<svg>`` element for a page; `told` is what it shows, in words."""
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context(_TEXT | {"svg.hashsalt": told}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    box = re.search(r'viewBox="([^"]+)"', svg)
    head = f'<svg class="gg-chart" viewBox="{box[1] if box else ""}" role="img"'
    svg = f'{head} aria-label="{escape(told)}">' + svg[svg.index(">") + 1 :]
    return re.sub(r"font-family: [^;\"]*; ?", "", svg)  # the page's own


@_styled
def box_plot(found: Exploration, feature: str) -> Drawn:
    """A feature by genre: boxes hold the middle half, whiskers 90 % of the rows."""
    index = found.columns.index(feature)
    boxes = found.boxes[index]
    order = sorted(range(len(found.genres)), key=lambda g: boxes[g][2])
    figure, axes = _figure(0.9 + 0.27 * len(order))
    names = ("whislo", "q1", "med", "q3", "whishi")
    axes.bxp(
        [dict(zip(names, boxes[g], strict=True)) | {"label": found.genres[g]} for g in order],
        orientation="horizontal",
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": COLOURS[0], "alpha": 0.55, "edgecolor": _INK},
        medianprops={"color": _INK, "linewidth": 2},
        whiskerprops={"color": _INK},
        capprops={"color": _INK},
    )
    axes.set_xlabel(feature)
    told = f"{feature} by genre, median: " + ", ".join(
        f"{found.genres[g]} {boxes[g][2]:g}" for g in order
    )
    return figure, told


@_styled
def scatter(found: Exploration) -> Drawn:
    """The rows on the first two principal components, a colour and a mark for each genre."""
    figure, axes = _figure(4.4)
    points = np.array(found.scatter)
    for g, genre in enumerate(found.genres):
        own = points[points[:, 2] == g]
        axes.scatter(
            own[:, 0],
            own[:, 1],
            s=11,
            color=COLOURS[g % len(COLOURS)],
            marker=_MARKS[g % len(_MARKS)] if len(found.genres) > len(COLOURS) else "o",
            alpha=0.8,
            linewidths=0,
            label=genre,
        )
    axes.set_xlabel("first principal component")
    axes.set_ylabel("second")
    figure.legend(loc="outside lower center", ncols=3, fontsize=8.5, handletextpad=0.1)
    share = found.explained[min(1, len(found.explained) - 1)]
    told = (
        f"{len(points)} rows on the first two principal components, which hold {share:.0%} of the "
        "variance; the genres overlap"
    )
    return figure, told


@_styled
def explained(found: Exploration) -> Drawn:
    """How much of the variance the first components hold together."""
    figure, axes = _figure(2.6)
    number = np.arange(1, len(found.explained) + 1)
    axes.plot(number, found.explained, color=COLOURS[0], marker="o", markersize=3)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("principal components")
    axes.set_ylabel("variance explained")
    enough = next((i for i, v in zip(number, found.explained, strict=True) if v >= 0.9), None)
    told = "Cumulative explained variance: " + ", ".join(
        f"{i} components {found.explained[i - 1]:.0%}"
        for i in (1, 2, 5, 10, 20)
        if i <= len(found.explained)
    )
    if enough:
        axes.axvline(enough, color=_INK, linestyle=":", linewidth=1)
        told += f"; 90% from {enough} on"
    return figure, told


@_styled
def correlation(found: Exploration) -> Drawn:
    """Correlations between the features as a heat map."""
    width = len(found.columns)
    matrix = np.array(found.correlation)
    figure, axes = _figure(4.6)
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    step = max(1, -(-width // 22))
    axes.set_xticks(range(0, width, step), found.columns[::step], rotation=90, fontsize=7)
    axes.set_yticks(range(0, width, step), found.columns[::step], fontsize=7)
    figure.colorbar(image, ax=axes, shrink=0.6)
    upper = np.triu(np.abs(matrix), 1)
    told = "Correlation between features"
    if width > 1:
        a, b = np.unravel_index(int(upper.argmax()), upper.shape)
        told += (
            f"; the closest pair is {found.columns[a]} and {found.columns[b]} at {matrix[a, b]:.2f}"
        )
    return figure, told


@_styled
def class_counts(found: Exploration) -> Drawn:
    """How many rows each genre has."""
    figure, axes = _figure(0.8 + 0.24 * len(found.genres))
    axes.barh(found.genres[::-1], found.counts[::-1], color=COLOURS[0], alpha=0.75)
    axes.set_xlabel("rows")
    told = "Rows of each genre: " + ", ".join(
        f"{g} {n}" for g, n in zip(found.genres, found.counts, strict=True)
    )
    return figure, told


@_styled
def outliers(found: Exploration) -> Drawn:
    """The range of each feature before and after capping at the 1 and 99 % quantiles."""
    order = sorted(range(len(found.columns)), key=lambda i: -_shrunk(found.extremes[i]))[:12][::-1]
    figure, axes = _figure(1.3 + 0.27 * len(order))
    for place, i in enumerate(order):
        low, high, low_after, high_after = found.extremes[i]
        scale = (high - low) or 1.0
        after = [(low_after - low) / scale, (high_after - low) / scale]
        axes.plot([0, 1], [place, place], color=_INK, alpha=0.35, linewidth=2, marker="|",
                  label="before" if place == 0 else None)  # fmt: skip
        axes.plot(after, [place, place], color=COLOURS[1], linewidth=6, solid_capstyle="butt",
                  label="after" if place == 0 else None)  # fmt: skip
    axes.set_yticks(range(len(order)), [found.columns[i] for i in order])
    axes.set_xticks([0, 1], ["smallest", "largest"])
    figure.legend(loc="outside lower center", ncols=2)
    told = "Range that is left after capping: " + ", ".join(
        f"{found.columns[i]} {1 - _shrunk(found.extremes[i]):.0%}" for i in order[::-1]
    )
    return figure, told


def _shrunk(extremes: Sequence[float]) -> float:
    low, high, low_after, high_after = extremes
    return 1.0 - (high_after - low_after) / ((high - low) or 1.0)


@_styled
def learning_curve(title: str, shares: Sequence[int], curves: dict[str, Sequence[float]]) -> Drawn:
    """Accuracy against the number of training rows, a line for each way to score."""
    figure, axes = _figure(2.9)
    for i, (name, values) in enumerate(curves.items()):
        axes.plot(shares, values, marker="o", markersize=4, color=COLOURS[i], label=name)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("training rows")
    axes.set_ylabel("accuracy")
    figure.legend(loc="outside lower center", ncols=1)
    told = f"Learning curve of {title}. " + "; ".join(
        f"{name}: {values[0]:.2f} from {shares[0]} rows, {values[-1]:.2f} from {shares[-1]}"
        for name, values in curves.items()
    )
    return figure, told


@_styled
def training_curve(
    title: str, measure: str, epochs: Sequence[int], curves: dict[str, Sequence[float]]
) -> Drawn:
    """Accuracy or loss over the epochs of a training, on what is learnt and on what is held out."""
    figure, axes = _figure(2.9)
    for i, (name, values) in enumerate(curves.items()):
        axes.plot(epochs, values, color=COLOURS[i], linewidth=1.5, label=name)
    axes.set_ylim(0, 1.03 if measure == "accuracy" else None)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel(measure)
    figure.legend(loc="outside lower center", ncols=2)
    told = f"{measure.capitalize()} of {title} over {epochs[-1]} epochs. " + "; ".join(
        f"{name}: {values[0]:.2f} after the first, {values[-1]:.2f} after the last"
        for name, values in curves.items()
    )
    return figure, told


@_styled
def headline_bars(
    labels: Sequence[str], figures: dict[str, Sequence[float | None]], width_in: float = _WIDTH_IN
) -> Drawn:
    """Published, reproduced and honest figures of each model, side by side."""
    figure, axes = _figure(1.1 + 0.42 * len(labels), width_in)
    height = 0.8 / len(figures)
    for i, (name, values) in enumerate(figures.items()):
        places = [-place - i * height for place in range(len(labels))]
        known = [v or 0.0 for v in values]
        axes.barh(places, known, height * 0.92, color=COLOURS[i], label=name)
    axes.set_yticks([-place - 0.4 + height / 2 for place in range(len(labels))], labels)
    axes.set_xlim(0, 1)
    axes.set_xlabel("accuracy")
    figure.legend(loc="outside lower center", ncols=3)
    told = "Accuracy. " + "; ".join(
        f"{label}: " + ", ".join(f"{n} {v[i]:.2f}" for n, v in figures.items() if v[i] is not None)
        for i, label in enumerate(labels)
    )
    return figure, told
