"""How fast the store is on the paper's largest data set: 600,000 examples, 150 classes, 10 epochs of made-up numbers.

    python benchmarks/store.py --output FOLDER [--examples 600000] [--repeats 5]

Measures, and prints as a Markdown table: writing an epoch's file; reading ten epochs into a new database, and its size;
then, on that database with 20,000 decisions, each question that a screen asks, alone, and while four threads
ask and another run of the same size is being read in. Percentiles are over all calls of a question; every call
asks for another class, example or page.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lane_core.records import ColumnChoice, DatasetRecord, Decision, QueueFilter, RunRecord  # noqa: E402
from lane_core.runs.run_dir import METRICS_SCHEMA, RunDir  # noqa: E402
from lane_core.store import datasets, matrix_queries, review_queries, run_queries, runs  # noqa: E402
from lane_core.store.decisions import record_decisions  # noqa: E402
from lane_core.store.ingest import ingest_run  # noqa: E402
from lane_core.store.store import Store, open_store  # noqa: E402

NUM_CLASSES = 150
NUM_EPOCHS = 10
NUM_DECISIONS = 20_000
DATASET = "reviews"
RUN_IDS = ("first", "second", "third")
PAUSE_S = 0.05
CLASSES = [f"class {code:03}" for code in range(NUM_CLASSES)]


def epoch_columns(
    rng: np.random.Generator, label: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.generic]]:
    """Return one epoch of made-up numbers: a tenth of the labels look wrong."""
    size = len(label)
    margin = np.where(rng.random(size) < 0.1, -2, 3) + rng.normal(0, 2, size)
    suggested = (label + 1 + (rng.random(size) ** 3 * (NUM_CLASSES - 1)).astype(int)) % NUM_CLASSES
    uniform = {
        name: rng.random(size)
        for name in (
            "predicted_probability",
            "suggested_probability",
            "given_probability",
            "self_confidence",
            "similarity",
            "severity",
        )
    }
    return {
        "index": np.arange(size, dtype=np.int32),
        "margin": margin,
        "label_aware_margin": 0.8 * margin,
        "aum": margin,
        "alm": 0.9 * margin + rng.normal(0, 0.1, size),
        "weight": np.where(margin < 0, rng.random(size), 1),
        "predicted": np.where(margin < 0, suggested, label),
        "suggested": suggested,
        "held_out_predicted": suggested,
        "given_log_probability": -rng.random(size),
        "is_given_predicted": margin > 0,
        "label_score": 1 / (1 + np.exp(-margin)),
        "is_label_issue": margin < -1,
        **uniform,
    }


def make_store(path: Path, label: npt.NDArray[np.int64]) -> Store:
    """Return a new database with the data set and the runs of RUN_IDS, of which nothing is read in."""
    store = open_store(path)
    size, now = len(label), datetime.now(UTC)
    names = pd.Series(CLASSES, dtype="str")[label].to_numpy()
    index = np.arange(size)
    frame = pd.DataFrame({
        "index": index, "row": index + 1, "example_id": index.astype(str), "given_label": names, "split": "train",
        "text": "A review of a hundred characters or so: it came late, " + pd.Series(index.astype(str)) + " times.",
    })  # fmt: skip
    columns = ColumnChoice("text", "label")
    record = DatasetRecord(DATASET, "Reviews", "reviews.csv", "00", columns, size, size, now)
    datasets.add_dataset(store, record, frame, CLASSES)
    for run_id in RUN_IDS:
        run = RunRecord(run_id, DATASET, run_id, "{}", 0, now)
        runs.add_run(store, run, frame[["index", "split"]].assign(label=names))
    return store


def write_epochs(run_dir: RunDir, label: npt.NDArray[np.int64]) -> list[float]:
    """Write the metrics and examples of every epoch; return the seconds that each file of examples took."""
    rng, seconds = np.random.default_rng(0), []
    metrics = dict.fromkeys(METRICS_SCHEMA.names, 0.5) | {
        "balanced_below": 0.25,
        "sure_below": 0.1,
        "num_flagged": 1,
    }
    for epoch in range(1, NUM_EPOCHS + 1):
        run_dir.write_event("metrics", epoch, pd.DataFrame([metrics]))
        frame = pd.DataFrame(epoch_columns(rng, label))
        start = time.perf_counter()
        run_dir.write_event("epoch", epoch, frame)
        seconds.append(time.perf_counter() - start)
    return seconds


def decide(store: Store, first: int, count: int) -> None:
    """Store decisions on examples spread over the whole data set."""
    size = _size(store)
    record_decisions(store, [
        Decision(f"d{number}", DATASET, number * 7919 % size, "keep", None, CLASSES[0], "first", "ann")
        for number in range(first, first + count)
    ])  # fmt: skip


def questions(store: Store) -> dict[str, Callable[[int], Any]]:
    """Return what the screens ask, by name; the number makes each call another one."""
    size = _size(store)
    return {
        "next 50 suspects": lambda n: review_queries.review_queue(
            store, "first", QueueFilter(), 50, offset=50 * (n % 4)
        ),
        "next 50 suspects of a class": lambda n: review_queries.review_queue(
            store, "first", QueueFilter(given_labels=(CLASSES[n % NUM_CLASSES],)), 50
        ),
        "one trajectory": lambda n: run_queries.trajectories(store, "first", [n * 104_729 % size]),
        "ALM histogram": lambda n: np.histogram(
            run_queries.alm_values(store, "first", 1 + n % NUM_EPOCHS), 60
        ),
        "class-pair counts": lambda n: matrix_queries.label_confusion(store, "first"),
        "counts beside the filters": lambda n: review_queries.queue_counts(
            store, "first", QueueFilter(given_labels=(CLASSES[n % NUM_CLASSES],))
        ),
        "one decision stored": lambda n: decide(store, NUM_DECISIONS + n, 1),
    }


def timed(question: Callable[[int], Any], numbers: Sequence[int]) -> list[float]:
    """Return the seconds that each call took."""
    seconds = []
    for number in numbers:
        start = time.perf_counter()
        question(number)
        seconds.append(time.perf_counter() - start)
    return seconds


def under_load(store: Store, run_dir: RunDir, pause_s: float) -> tuple[dict[str, list[float]], float]:
    """Ask everything from four threads while a run is read in; return the seconds by question and in all.

    Each thread asks, waits ``pause_s`` seconds, and asks the next question.
    """
    asked = questions(store)
    found: dict[str, list[float]] = {name: [] for name in asked}
    done = threading.Event()
    counter = iter(range(1_000_000, 10_000_000))

    def ask(number: int) -> None:
        names = list(asked)
        while not done.is_set():
            for name in names[number:] + names[:number]:
                found[name] += timed(asked[name], [next(counter)])
                time.sleep(pause_s)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    ingest_run(store, run_dir)
    seconds = time.perf_counter() - start
    done.set()
    for thread in threads:
        thread.join()
    return found, seconds


def forget_peak_memory() -> float:
    """Start the count of the highest memory anew (Linux); return what the process holds now, GiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status_gib("VmRSS")


def _status_gib(name: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 2**20


def _size(store: Store) -> int:
    return datasets.get_dataset(store, DATASET).num_examples


def _milliseconds(seconds: Sequence[float]) -> str:
    return " / ".join(f"{1000 * np.quantile(seconds, share):.0f}" for share in (0.5, 0.95))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for the database; what is in it goes"
    )
    parser.add_argument("--examples", type=int, default=600_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    label = np.random.default_rng(1).integers(0, NUM_CLASSES, options.examples)
    first, second, third = (RunDir(options.output / "runs" / name) for name in RUN_IDS)
    written = write_epochs(first, label) + write_epochs(second, label) + write_epochs(third, label)
    print(f"One epoch's file of {options.examples:,} rows written: median {np.median(written):.2f} s")

    rates, memory, path = [], [], options.output / "lane.duckdb"
    for _ in range(options.repeats):
        path.unlink(missing_ok=True)
        store = make_store(path, label)
        before = path.stat().st_size
        idle = forget_peak_memory()
        start = time.perf_counter()
        ingest_run(store, first)
        rates.append(NUM_EPOCHS * options.examples / (time.perf_counter() - start))
        memory.append(_status_gib("VmHWM") - idle)
        store.close()
    grown = (path.stat().st_size - before) / (NUM_EPOCHS * options.examples)
    shown = ", ".join(f"{rate / 1e6:.2f}" for rate in rates)
    print(
        f"Read in: median {np.median(rates) / 1e6:.2f} million rows a second ({shown}); {grown:.1f} bytes a row"
    )
    print(f"Memory while reading in: at most {max(memory):.2f} GiB above idle")

    store = open_store(path)
    decide(store, 0, NUM_DECISIONS)
    alone = {}
    for name, question in questions(store).items():
        timed(question, range(3))
        alone[name] = timed(question, range(3, 43))
    paced, paced_s = under_load(store, third, PAUSE_S)
    loaded, loaded_s = under_load(store, second, 0)
    store.close()
    print(
        f"\nMilliseconds, median / p95. Four threads ask while {NUM_EPOCHS} epochs are read in: each a question every "
        f"{PAUSE_S:.2f} s ({paced_s:.0f} s in all), and without a pause ({loaded_s:.0f} s in all):\n"
    )
    print("| question | alone | four with pauses | calls | four without | calls |\n|---|---|---|---|---|---|")
    for name in alone:
        cells = [_milliseconds(alone[name])]
        for calls in (paced[name], loaded[name]):
            cells += [_milliseconds(calls), f"{len(calls):,}"]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
