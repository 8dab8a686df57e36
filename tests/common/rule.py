"""The rule for all inputs, so that it can be tried in processes of each kind.

As a program: ``python -m tests.common.rule EXAMPLES``, from a process with one thread, which forks.
"""

import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genregenie.common import nursery
from genregenie.common.parallel import in_processes
from genregenie.common.worker import LostError
from tests.common.work import answer

LIVELY = st.just("live")
DEADLY = st.sampled_from(["kill", "exit", "leave"])


def holds(examples: int) -> None:
    """Each item has its own answer, in order; who kills is lost, and nobody else."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        hows=st.lists(LIVELY | LIVELY | DEADLY, max_size=12), jobs=st.sampled_from([1, 2, 3, -1])
    )
    def rule(hows: list[str], jobs: int) -> None:
        items = [(how, number) for number, how in enumerate(hows)]
        results = list(in_processes(answer, items, jobs))
        assert len(results) == len(items)
        for (how, number), result in zip(items, results, strict=True):
            assert isinstance(result, LostError) if how != "live" else result == 2 * number

    rule()


if __name__ == "__main__":
    assert nursery.has_one_thread()
    holds(int(sys.argv[1]))
    print("forked")
