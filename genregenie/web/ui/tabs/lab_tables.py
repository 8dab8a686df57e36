"""Inside the Model lab tab: a look at the lab's tables, and at anybody's own."""

from pathlib import Path
from typing import Any

import gradio as gr

from genregenie.common.errors import DataError
from genregenie.lab import results
from genregenie.lab.explore import Exploration, explore
from genregenie.lab.tables import SOURCES, read_features
from genregenie.web.ui import events
from genregenie.web.views import components
from genregenie.web.views.lab import NOTHING, exploration


def build(tab: gr.Tab) -> None:
    """Put the plots of any table into the tab."""
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
    which.input(explored, which, [found, shown, feature], **events.PRIVATE)
    own.upload(explored_file, own, [found, shown, feature], **events.PRIVATE, **events.LAB)
    gr.on(
        [tab.select, feature.input],
        explored_feature,
        [which, found, feature],
        shown,
        **events.PRIVATE,
    )


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
    return None, exploration(kept), gr.update(choices=kept.columns, value=kept.columns[0])


def explored_file(path: str | None) -> tuple[Any, ...]:
    """The plots of somebody's own table."""
    if path is None:
        return None, gr.skip(), gr.skip()
    try:
        found = explore(read_features(Path(path)), Path(path).name)
    except DataError as error:
        return None, components.failure(str(error)), gr.skip()
    return found, exploration(found), gr.update(choices=found.columns, value=found.columns[0])


def explored_feature(name: str, own: Exploration | None, feature: str) -> str:
    """The plots of the table at hand, with this feature in the box plot."""
    found = own or _kept(name)
    return exploration(found, feature) if found else components.failure(NOTHING)
