"""Twenty people decide on the same examples at once while epochs stream in: is anything lost, does anybody wait?

    python benchmarks/store_threads.py --output FOLDER [--threads 20] [--seconds 60] [--examples 100000]

Everyone decides without a pause, mostly on the same four examples, half of the time having looked what counts there
now; three of ten steps are undos and redos. Meanwhile the worker's files of one epoch after the other appear and are
read in. Afterwards every step of which its author was told must be on record, once and in order, and a replay of all
of them in Python must give what the database says. Printed is a Markdown table of how long the calls took; the exit
code is 1 if anything was found or a call took longer than 500 ms.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.deciding import RUNS, Decider, make_project, write_epoch
from benchmarks.store_checks import Said, decision_findings, store_findings
from lane_core.runs.run_dir import RunDir
from lane_core.store.ingest import Ingester
from lane_core.store.store import Store

LONGEST_WAIT_S = 0.5
EPOCH_S = 1.0
"""From the end of writing an epoch to the start of the next: here it takes part of the time of those who decide."""


def decide_together(
    store: Store, runs_root: Path, label: npt.NDArray[np.int64], num_threads: int, seconds: float
) -> tuple[dict[str, list[float]], list[str]]:
    """Let so many people decide for so long while epochs of the first run come in.

    Returns:
        Seconds of each call by what it was, and what is wrong afterwards.
    """
    deciders = [Decider(store, f"person {number}", len(label)) for number in range(num_threads)]
    start = threading.Barrier(num_threads)

    def decide(decider: Decider) -> list[Said]:
        start.wait()
        until, told = time.monotonic() + seconds, []
        while time.monotonic() < until:
            told.append(decider.step())
        return told

    with _epochs_coming_in(store, runs_root, label), ThreadPoolExecutor(num_threads) as pool:
        told = list(pool.map(decide, deciders))
    findings = store_findings(store, runs_root) + decision_findings(store, told, may_be_unsaid=0)
    calls = {kind: [s for one in deciders for s in one.seconds[kind]] for kind in deciders[0].seconds}
    return calls, findings


@contextmanager
def _epochs_coming_in(store: Store, runs_root: Path, label: npt.NDArray[np.int64]) -> Iterator[None]:
    """Write one epoch after the other, and read them in, until the block ends."""
    is_over = threading.Event()

    def write() -> None:
        epoch = 0
        while not is_over.wait(EPOCH_S):
            epoch += 1
            write_epoch(RunDir(runs_root / RUNS[0]), epoch, label)

    writer, ingester = threading.Thread(target=write), Ingester(store, runs_root)
    writer.start()
    ingester.start()
    try:
        yield
    finally:
        is_over.set()
        writer.join()
        ingester.stop()


def main() -> None:
    """Decide, look and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to work in; what is in it goes")
    parser.add_argument("--threads", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--examples", type=int, default=100_000)
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    store, label = make_project(options.output / "lane.duckdb", options.examples)
    calls, findings = decide_together(store, options.output / "runs", label, options.threads, options.seconds)
    with store.cursor() as cursor:
        query = "select count(*) from ingested_files where kind = 'epoch'"
        num_epochs = cursor.execute(query).fetchall()[0][0]
    store.close()
    print(
        f"{options.threads} threads, {options.seconds:.0f} s, {num_epochs} epochs of {len(label):,} rows read in\n"
    )
    print("| call | calls | median ms | p95 | longest |\n|---|---|---|---|---|")
    for kind, seconds in calls.items():
        shown = " | ".join(f"{1000 * np.quantile(seconds, share):.0f}" for share in (0.5, 0.95, 1))
        print(f"| {kind} | {len(seconds):,} | {shown} |")
    print("\n".join(["", f"{len(findings)} findings", *findings]))
    sys.exit(1 if findings or max(map(max, calls.values())) > LONGEST_WAIT_S else 0)


if __name__ == "__main__":
    main()
