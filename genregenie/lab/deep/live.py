"""A short training, to be watched: a few epochs on a set that is at hand."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from genregenie.lab.deep.clips import open_clips
from genregenie.lab.deep.networks import NETWORKS, Network
from genregenie.lab.deep.runs import tasks
from genregenie.lab.deep.training import Epoch, Plan, trained
from genregenie.lab.runs import protocol_for
from genregenie.lab.systems import system

MAX_EPOCHS: Final = 20
SHORT: Final = {n.title: n for n in NETWORKS if n.kind == "pictures"}
"""The networks that learn something within a few seconds an epoch."""


@dataclass(frozen=True)
class Watched:
    """What came of a short training.

    Attributes
    ----------
    accuracy : float
        On artists that it has not heard.
    clips : int
        That this was measured on.
    """

    accuracy: float
    clips: int


def short_training(network: Network, epochs: int) -> Generator[Epoch, None, Watched]:
    """Train a network for a few epochs, artists apart.

    The data is read and Keras is loaded where this runs.

    Parameters
    ----------
    network : Network
    epochs : int > 0
        The warm-up and the fall of the learning rate are fitted to so many.

    Yields
    ------
    Epoch

    Returns
    -------
    Watched

    Raises
    ------
    DataError
        If Keras or the data is not at hand.
    """
    clips = open_clips(network.kind)
    protocol = protocol_for(system(network.system), clips.table)
    task, *_ = tasks(network, clips, protocol, seeds=1, plan=Plan(epochs=epochs))
    held = clips.take(task.held)
    result = yield from trained(network, clips.take(task.learnt), held, task.plan)
    test = clips.take(task.scored)
    found = result.confidences(test).argmax(axis=1)
    return Watched(float((found == test.table.labels).mean()), len(test))
