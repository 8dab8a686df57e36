"""A short training in the Model lab, watched as it goes, in a process of its own."""

import contextlib
from collections.abc import Iterator
from typing import Final

import gradio as gr

from genregenie.common.errors import DataError
from genregenie.common.parallel import Pool
from genregenie.common.steps import Steps
from genregenie.common.worker import LostError
from genregenie.evaluation.protocols import GROUPED
from genregenie.lab.deep.live import MAX_EPOCHS, SHORT, Watched, short_training
from genregenie.lab.deep.runs import line_of, recorded
from genregenie.lab.deep.training import Epoch
from genregenie.lab.records import TrainingEpoch
from genregenie.web.identity import is_guest
from genregenie.web.ui import events
from genregenie.web.views import components, lab, page

MAX_S: Final = 600.0
_USUAL_EPOCHS: Final = 8
_INTRO: Final = (
    "A network of system E, trained before your eyes on the spectrograms of GTZAN's clips, artists "
    "apart. A few epochs are far from what it reaches in 250; the curves show how it begins."
)


def build() -> None:
    """Put it into the Blocks under construction."""
    gr.HTML(components.quiet(_INTRO), padding=False)
    with gr.Row():
        networks = [(lab.model_title(n.system, n.name), title) for title, n in SHORT.items()]
        which = gr.Dropdown(networks, label="Network", elem_id="train-network")
        epochs = gr.Slider(
            2, MAX_EPOCHS, _USUAL_EPOCHS, step=1, label="Epochs", elem_id="train-epochs"
        )
    with gr.Row():
        start = gr.Button("Train", size="sm", variant="primary", elem_id="train-start")
        stop = gr.Button("Stop", size="sm", variant="stop", elem_id="train-stop")
    shown = gr.HTML(elem_id="train-shown", padding=False)
    running = start.click(
        train_for, [which, epochs], shown, **events.PRIVATE, show_progress="minimal", **events.LAB
    )
    stop.click(lambda: components.quiet("Stopped."), None, shown, cancels=running, **events.QUIET)


def train_for(title: str, epochs: int, request: gr.Request) -> Iterator[str]:
    """`train`, unless it is for a guest."""
    if is_guest(request):
        yield page.for_an_account("Training a network needs an account.")
        return
    yield from train(title, int(epochs))


def train(title: str, epochs: int) -> Iterator[str]:
    """Train a network and show how it goes; closing the generator ends it."""
    network = SHORT[title]
    shown = lab.model_title(network.system, network.name)
    course: list[TrainingEpoch] = []
    yield components.quiet("Loading the data and the network\N{HORIZONTAL ELLIPSIS}")
    pool = Pool(1)
    try:
        with contextlib.closing(
            pool.run(short_training, network, min(epochs, MAX_EPOCHS), limit_s=MAX_S)
        ) as working:
            steps: Steps[Epoch | None, Watched] = Steps(working)
            for epoch in steps:
                if epoch is None:
                    yield gr.skip()
                    continue
                course.append(recorded(network, GROUPED.kind, epoch))
                yield lab.watched(shown, course, line_of(shown, epoch))
            found = steps.result
            yield lab.watched(
                shown,
                course,
                f"After {len(course)} epochs {shown} names {100 * found.accuracy:.0f} % of "
                f"{found.clips} clips by artists it has not heard.",
            )
    except DataError as error:
        yield components.failure(str(error))
    except (LostError, MemoryError):
        yield components.failure("The training has ended its process: it may need more memory.")
    except TimeoutError:
        yield components.failure(f"The training took more than {MAX_S / 60:.0f} minutes.")
    finally:
        pool.close()
