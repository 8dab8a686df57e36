"""``genregenie lab deep``: the networks of earlier systems."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from genregenie.cli.arguments import (
    Commands,
    add_command,
    add_dask,
    add_jobs,
    add_output,
    file_path,
    folder_path,
    positive,
)
from genregenie.cli.lab_tables import print_confusion, print_report, print_scores
from genregenie.cli.messages import CommandError, print_table, say

if TYPE_CHECKING:
    from genregenie.lab.deep.networks import Network
    from genregenie.lab.deep.runs import Deep
    from genregenie.lab.deep.whole import Open, Order

_PARTS: Final = ("scores", "report", "confusion", "epochs")


def add(commands: Commands) -> None:
    """Add the command to those of the lab."""
    deep = add_command(
        commands,
        "deep",
        _deep,
        "train the networks of earlier systems (genregenie[deep])",
        description="Without options: every network under every protocol, the study of "
        "augmentation and the networks that answer, written to models/lab. A run that was stopped "
        "goes on where it was.",
    )
    deep.add_argument("--system", metavar="B, D or E", help="the networks of this system alone")
    deep.add_argument("--model", metavar="NAME", help="this network of the system alone")
    deep.add_argument("--protocol", metavar="NAME", help="under this protocol alone")
    deep.add_argument("--seeds", type=positive, metavar="N", help="trainings of each (default: 3)")
    deep.add_argument("--epochs", type=positive, metavar="N", help="in place of the schedule's")
    length = deep.add_mutually_exclusive_group()
    length.add_argument(
        "--early-stopping",
        action="store_true",
        help="always; by default for all but the published figures' first seed",
    )
    length.add_argument(
        "--whole-schedule", action="store_true", help="the published schedule, always"
    )
    deep.add_argument("--quick", action="store_true", help="one seed, a few epochs: three minutes")
    deep.add_argument(
        "--audio",
        type=folder_path,
        metavar="DIR",
        help="GTZAN's own audio, genres_original/<genre>/*.wav, in place of published spectrograms",
    )
    deep.add_argument(
        "--vggish",
        type=file_path,
        metavar="FILE",
        help="a VGGish network as ONNX, in place of musicnn; with --audio",
    )
    deep.add_argument("--list", action="store_true", help="say what there is, and train nothing")
    deep.add_argument("--show", choices=_PARTS, default="scores", help="what to print of a network")
    add_output(deep, "where tables and networks go (default: models/lab)")
    add_jobs(deep)
    add_dask(deep)


def _deep(options: argparse.Namespace) -> int:
    from genregenie.lab.deep.networks import NETWORKS, networks_of

    if options.model and not options.system:
        raise CommandError("Choose a system too: --system B, D or E.")
    if options.vggish and not options.audio:
        raise CommandError("VGGish listens to sound: give its folder with --audio.")
    networks = networks_of(options.system, options.model) if options.system else NETWORKS
    if options.list:
        _list(networks)
        return 0
    from genregenie.inference.cluster import joblib_on

    with joblib_on(options.dask):
        _run(options, networks)
    return 0


def _list(networks: "Sequence[Network]") -> None:
    from genregenie.lab.deep.clips import TITLES

    for network in networks:
        schedule = network.schedule
        print(
            f"{network.title:<16}{TITLES[network.kind]}; sees {', '.join(network.inputs)}; "
            f"{schedule.epochs} epochs"
        )


def _run(options: argparse.Namespace, networks: "Sequence[Network]") -> None:
    from genregenie.lab.deep import whole

    narrowed = (
        *(options.system, options.protocol, options.seeds, options.epochs, options.audio),
        *(options.early_stopping, options.whole_schedule, options.quick),
    )
    if not any(narrowed):
        seconds = whole.run_everything(options.jobs, say, options.output)
        print(f"\nDone in {seconds / 60:.1f} minutes; 'genregenie lab --cached' shows the figures.")
        return
    order = whole.Order(
        tuple(networks),
        (options.protocol,) if options.protocol else (),
        options.seeds or whole.EVERYTHING.seeds,
        early=options.early_stopping,
        whole=options.whole_schedule,
        epochs=options.epochs,
    )
    if options.quick:
        order = whole.quick(order)
    work = whole.work_folder()
    found = whole.run_deep(order, _opened(options), options.jobs, say, options.output, work)
    print()
    _print(found, options.show, order)


def _opened(options: argparse.Namespace) -> "Open":
    from genregenie.lab.deep import audio, clips

    if options.audio is None:
        return clips.open_clips
    return audio.opener(options.audio, options.vggish, options.jobs, say)


def _print(found: "Sequence[Deep]", part: str, order: "Order") -> None:
    if part == "scores":
        print_scores([deep.row for deep in found])
        return
    for deep in found:
        print(f"{deep.row.system} {deep.row.model}, {deep.row.protocol.title}")
        if part == "report":
            print_report(deep.row)
        elif part == "confusion":
            print_confusion(deep.row)
        else:
            print_table(
                {
                    "epoch": str(epoch.epoch),
                    "loss": f"{epoch.loss:.3f}",
                    "accuracy": f"{epoch.accuracy:.3f}",
                    "loss, held out": _three(epoch.held_loss),
                    "accuracy, held out": _three(epoch.held_accuracy),
                }
                for epoch in deep.curve
            )
        print()


def _three(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"
