"""Damaged files of every kind, and what becomes of each: heard, a sentence, or a fault.

    python benchmarks/fuzz.py [MUTANTS]

By default 5,000, in worker processes, so that one that ended its process would be counted too. A
fault is an error that is no `AudioError`, a process that died, or a mutant that took over 30 s.
"""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from genregenie.common.parallel import in_processes
from genregenie.common.worker import LostError
from tests.mutants import NAMES, timed_outcome

SLOW_S = 30.0


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    cases = [(NAMES[i % len(NAMES)], i // len(NAMES)) for i in range(count)]
    tables: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    longest: dict[str, float] = dict.fromkeys(NAMES, 0.0)
    faults = []
    for (name, number), result in zip(cases, in_processes(timed_outcome, cases), strict=True):
        if isinstance(result, LostError):
            found, took = "its process died", 0.0
        else:
            found, took = result
        longest[name] = max(longest[name], took)
        if took > SLOW_S:
            found = f"took {took:.0f} s"
        kind = found if found in ("heard", "sentence") else "fault"
        tables[name][kind] += 1
        if kind == "fault":
            faults.append(f"{name} {number}: {found}")
    print("| kind | mutants | heard | sentence | faults | longest |\n|---|---|---|---|---|---|")
    for name, table in tables.items():
        cells = [table.total(), table["heard"], table["sentence"], table["fault"]]
        print(f"| {name} | {' | '.join(map(str, cells))} | {longest[name]:.1f} s |")
    total = sum(tables.values(), Counter())
    cells = [total.total(), total["heard"], total["sentence"], total["fault"]]
    print(f"| all | {' | '.join(map(str, cells))} | {max(longest.values()):.1f} s |")
    for fault in faults:
        print(fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
