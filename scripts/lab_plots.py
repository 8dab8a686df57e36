"""Draws the plots in docs/images from what the lab kept: ``make plots``."""

from typing import Any

from genregenie.common import resources
from genregenie.evaluation.protocols import PROTOCOLS
from genregenie.lab import plots, results
from genregenie.lab.explore import Exploration
from genregenie.lab.records import CurvePoint, Headline
from genregenie.web.views.sentences import model_name

IMAGES = resources.docs() / "images"
PAPER, INK = "#ffffff", "#1f2937"


def save(name: str, drawn: tuple[Any, str]) -> None:
    """A plot on white, as a file of its own."""
    figure, told = drawn
    svg = plots.as_svg(figure, told).replace("currentColor", INK)
    head, rest = svg.split(">", 1)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '
                        'xmlns:xlink="http://www.w3.org/1999/xlink" '
                        'font-family="sans-serif" ')  # fmt: skip
    page = f'<rect width="100%" height="100%" fill="{PAPER}"/>'
    (IMAGES / f"lab-{name}.svg").write_text(f"{head}>{page}{rest}\n", encoding="utf-8")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    lines = [line for line in results.read(Headline) if line.published is not None]
    figures = {
        title: [getattr(line, key) for line in lines]
        for title, key in (
            ("published", "published"),
            ("ours, same way", "reproduced"),
            ("honest", "honest"),
        )
    }
    labels = [f"{line.system}: {model_name(line.model)}" for line in lines]
    save("headlines", plots.headline_bars(labels, figures, width_in=6.4))

    points = [p for p in results.read(CurvePoint) if p.system == "B"]
    kinds = list(dict.fromkeys(p.protocol for p in points))
    rows = [p.rows for p in points if p.protocol == kinds[0]]
    curves: dict[str, Any] = {
        PROTOCOLS[kind].title: [p.held_out for p in points if p.protocol == kind]  # type: ignore[index]
        for kind in kinds
    }
    save("learning", plots.learning_curve("kNN on segments", rows, curves))

    tempo = Exploration.load(results.place("explore/spotify.json"))
    save("tempo", plots.box_plot(tempo, "tempo"))


if __name__ == "__main__":
    main()
