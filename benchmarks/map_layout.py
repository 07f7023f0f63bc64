"""How long laying out a map takes, and how much memory: the real job, on made-up embeddings.

    python benchmarks/map_layout.py                       100,000 x 384 in 28 clusters; some minutes on two cores
    python benchmarks/map_layout.py --examples 20000

The job is started as the page starts it, in a process of its own at a low priority, and its compiled functions come
from the cache of numba if a map was laid out before. Printed: each phase as it begins with the time left that a page
would show, then the wall time, the peak memory of the job and the load of the machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lane_core.runs.map_job import map_status, start_map
from lane_core.runs.run_dir import RunDir
from lane_core.training.saving import save_embeddings
from lane_core.wording import size, time_left

NUM_CLUSTERS = 28


def main() -> None:
    """Lay out one map and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--hidden", type=int, default=384)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run_dir = RunDir(Path(folder) / "run")
        save_embeddings(run_dir.result, clusters(options.examples, options.hidden))
        measure(run_dir)


def clusters(num_examples: int, hidden: int) -> np.ndarray:
    """Return embeddings around random centres, (N, H), float32; neighbouring clusters overlap."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(NUM_CLUSTERS, hidden))
    chosen = random.integers(0, NUM_CLUSTERS, num_examples)
    return (0.5 * centres[chosen] + random.normal(size=(num_examples, hidden))).astype(np.float32)


def measure(run_dir: RunDir) -> None:
    """Start the job and watch it to its end."""
    started = time.monotonic()
    start_map(run_dir)
    told, peak = "", 0
    while (status := map_status(run_dir)).state == "going":
        if status.phase != told:
            left = time_left(status.seconds_left) or "not known yet"
            print(f"{time.monotonic() - started:6.1f} s  {status.phase}: {left}", flush=True)
            told = status.phase
        peak = max(peak, memory_of_children())
        time.sleep(0.2)
    seconds = time.monotonic() - started
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{status.state} after {seconds:.0f} s, at most {size(peak)} of memory; load {load} {status.message}"
    )


def memory_of_children() -> int:
    """Return the resident memory of the processes that this one has started, in bytes."""
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
