"""Inside the Model lab tab: a look at the lab's tables, and at anybody's own."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from genregenie.datasets.table import DataError
from genregenie.lab import plots, results
from genregenie.lab.explore import Exploration, explore
from genregenie.lab.tables import SOURCES, read_features
from genregenie.web.views import components
from genregenie.web.views.components import section
from genregenie.web.views.lab import NOTHING


def build(tab: gr.Tab, runs: dict[str, Any]) -> None:
    """Put the plots of any table into the tab; `runs` are the options of slow events."""
    with gr.Row():
        known = [(s.title, s.name) for s in SOURCES.values()]
        which = gr.Dropdown(known, value="gtzan", label="Table", elem_id="explore-table")
        feature = gr.Dropdown(
            _features("gtzan"),
            label="Feature",
            value=next(iter(_features("gtzan")), None),
            elem_id="explore-feature",
        )
    own = gr.File(
        label="Or your own (CSV, npz)",
        file_types=[".csv", ".npz"],
        type="filepath",
        height=150,
        elem_id="explore-file",
    )
    gr.HTML(
        components.quiet(
            "A CSV with a column 'genre' or 'label' and columns of numbers, or MFCC statistics as "
            "'genregenie train' reads them. It is looked at here and not kept."
        ),
        padding=False,
    )
    found = gr.State(None)
    shown = gr.HTML(elem_id="explore-result", padding=False)
    quiet: dict[str, Any] = {"api_visibility": "private"}
    which.input(explored, which, [found, shown, feature], **quiet)
    own.upload(explored_file, own, [found, shown, feature], **quiet, **runs)
    gr.on([tab.select, feature.input], explored_feature, [which, found, feature], shown, **quiet)


def _kept(name: str) -> Exploration | None:
    path = results.place(f"explore/{name}.json")
    return Exploration.load(path) if path.exists() else None


def _features(name: str) -> list[str]:
    kept = _kept(name)
    return kept.columns if kept else []


def explored(name: str) -> tuple[Any, ...]:
    """The plots of one of the lab's tables."""
    kept = _kept(name)
    if kept is None:
        return None, components.failure(NOTHING), gr.skip()
    return None, _plots(kept), gr.update(choices=kept.columns, value=kept.columns[0])


def explored_file(path: str | None) -> tuple[Any, ...]:
    """The plots of somebody's own table."""
    if path is None:
        return None, gr.skip(), gr.skip()
    try:
        found = explore(read_features(Path(path)), Path(path).name)
    except DataError as error:
        return None, components.failure(str(error)), gr.skip()
    return found, _plots(found), gr.update(choices=found.columns, value=found.columns[0])


def explored_feature(name: str, own: Exploration | None, feature: str) -> str:
    """The plots of the table at hand, with this feature in the box plot."""
    found = own or _kept(name)
    return _plots(found, feature) if found else components.failure(NOTHING)


def _plots(found: Exploration, feature: str | None = None) -> str:
    feature = feature if feature in found.columns else found.columns[0]
    told = f"{found.rows:,} rows, {len(found.columns)} features, {len(found.genres)} genres."
    if found.several:
        told += (
            f" {found.several:,} of {found.vectors:,} different rows carry several genres, so no "
            f"model can be right more than {found.ceiling:.1%} of the time."
        )
    drawn = (
        (f"{feature} by genre", plots.box_plot(found, feature), "Boxes: half; lines: 90 %."),
        ("Rows of each genre", plots.class_counts(found), ""),
        ("Principal components", plots.scatter(found), f"{len(found.scatter)} rows drawn by lot."),
        ("Variance explained", plots.explained(found), "Dotted: 90 %."),
        ("Correlation", plots.correlation(found), ""),
        ("Outliers, before and after capping", plots.outliers(found),
         f"At the 1 and 99 % quantiles; {sum(found.capped):,} values are capped."),
    )  # fmt: skip
    parts = "".join(section(title, plots.as_svg(*figure), note) for title, figure, note in drawn)
    return f'{section(found.title, f"<p>{escape(told)}</p>")}<div class="gg-pair">{parts}</div>'
