"""What is lost when the program is killed: SIGKILL at random moments, and a look at what is left each time.

    python benchmarks/store_crashes.py --output FOLDER [--kills 200] [--seed 0]

Killed are processes that read two runs in, write the database anew or make backups while two people decide; that
upgrade a database of an older version; that restore a backup; that train. After each kill the database must open, each
decision of which its author was told must be there once and as told, and no row twice; rows and ledger, results and
newest epoch, kept and replayed decisions must agree; a backup must be a state that was; a resumed run must give the
numbers of a run that was left alone. Printed is a Markdown table; the exit code is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.crash_case import TOO_LATE, Case, Kills, kill_often
from benchmarks.crash_children import Children
from benchmarks.crash_projects import BackUp, Compact, ReadIn, Restore
from benchmarks.crash_training import PRELOAD, Train
from benchmarks.crash_upgrades import Upgrade

_SHARES = (0.15, 0.15, 0.2, 0.15, 0.15, 0.15, 0.05)
"""Of the kills, in the order of ``cases``."""


def cases(children: Children, folder: Path) -> Iterator[Case]:
    """Prepare one case after the other."""
    yield ReadIn(children, folder / "read in, small", 1.5, num_examples=2_000, num_epochs=40)
    yield ReadIn(children, folder / "read in, large", 1.5, num_examples=150_000, num_epochs=5)
    yield Train(children, folder / "train")
    yield Upgrade(children, folder / "upgrade", num_examples=100_000)
    yield BackUp(children, folder / "back up", 2.0, num_examples=20_000, num_epochs=10)
    yield Compact(children, folder / "compact", 2.0, num_examples=20_000, num_epochs=10)
    yield Restore(children, folder / "restore", num_examples=20_000)


def main() -> None:
    """Kill, look and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to work in; what is in it goes")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    options.output.mkdir(parents=True)
    done: dict[str, Kills] = {}
    start = time.perf_counter()
    with Children(options.output / "children.log", PRELOAD) as children:
        for case, share in zip(cases(children, options.output), _SHARES, strict=True):
            name = case.folder.name
            done[name] = kill_often(
                case, max(1, round(share * options.kills)), Random(f"{options.seed} {name}")
            )
            print(
                f"{name}: {len(done[name].moments)} kills, {time.perf_counter() - start:.0f} s",
                file=sys.stderr,
            )
    print("| killed | times | where it was, by what was left | findings |\n|---|---|---|---|")
    for name, kills in done.items():
        moments = ", ".join(f"{count} {moment}" for moment, count in Counter(kills.moments).most_common())
        print(f"| {name} | {len(kills.moments)} | {moments} | {len(kills.findings)} |")
    num_killed = sum(moment != TOO_LATE for kills in done.values() for moment in kills.moments)
    print(f"\n{num_killed} killed at work, seed {options.seed}.")
    findings = [words for kills in done.values() for words in kills.findings]
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
