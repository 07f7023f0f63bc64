"""What a file of a million rows (300 MB) takes on its way in and out: seconds, and memory at the peak.

    python benchmarks/million_rows.py --output FOLDER [--rows 1000000] [--repeats 3]

Makes a CSV of posts, some of them not in ASCII, with 28 classes, ids and splits. Imports it, once through the
workspace as the command line does and once as the Data page does after a reading that was cancelled; lays down a
finished run and some thousand decisions; exports the corrected, audit and changes file and the manifest. Every step
has a process of its own. Prints a Markdown table: medians of the seconds, the largest of the peaks.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.review_project import NUM_CLASSES, lay_down_run, made_up_texts, write_epochs  # noqa: E402
from lane_core.data import Fixes, ReadOptions  # noqa: E402
from lane_core.exports import export_run  # noqa: E402
from lane_core.home import Home  # noqa: E402
from lane_core.records import ColumnChoice, Decision  # noqa: E402
from lane_core.store import datasets, runs  # noqa: E402
from lane_core.store.decisions import record_decisions  # noqa: E402
from lane_core.workspace import Workspace  # noqa: E402

NUM_EPOCHS = 2
DECIDED_SHARE = 0.005
_BLOCK_ROWS = 50_000
_SHORTEST, _LONGEST = 80, 460
"""Characters of a text: a million rows are some 300 MB."""
_SIGNS = ("é", "ß", "ж", "日本", "😀")
_FOREIGN_SHARE = 0.2
"""Of the texts, those with signs beyond ASCII."""
_COLUMNS = ColumnChoice("text", "label", "id", "split")


@dataclass(frozen=True)
class Step:
    """What a process does, and the most that it may take for a million rows."""

    work: Callable[[Path], None]
    title: str
    most_s: float
    most_gib: float = 2.0


@dataclass(frozen=True)
class Cost:
    """What a step took in a process of its own."""

    wall_s: float
    cpu_s: float
    """Of all threads; on a machine that is shared it says more than the wall clock."""
    peak_gib: float


def make_file(folder: Path, num_rows: int) -> None:
    """Write the CSV file."""
    rng = np.random.default_rng(0)
    path = folder / "posts.csv"
    for start in range(0, num_rows, _BLOCK_ROWS):
        count = min(_BLOCK_ROWS, num_rows - start)
        texts = made_up_texts(rng, count, _SHORTEST, _LONGEST)
        for position in np.flatnonzero(rng.random(count) < _FOREIGN_SHARE).tolist():
            sign = _SIGNS[position % len(_SIGNS)]
            texts[position] = f'{texts[position][:40]} {sign}, "{texts[position][40:]}" {sign}'
        block = pd.DataFrame(
            {
                "id": [f"p{number:07}" for number in range(start, start + count)],
                "text": texts,
                "label": [f"feeling {code:02}" for code in rng.integers(0, NUM_CLASSES, count).tolist()],
                "split": rng.choice(["train", "validation", "test"], count, p=[0.8, 0.1, 0.1]),
            }
        )
        block.to_csv(path, mode="a" if start else "w", header=not start, index=False)


def import_file(folder: Path) -> None:
    """Store the file as a data set, as the command line does."""
    workspace = Workspace(Home(folder / "home"))
    workspace.add_dataset(folder / "posts.csv", _COLUMNS, "Posts")
    workspace.close()


def import_in_the_app(folder: Path) -> None:
    """Store the file as a data set as the Data page does, after a reading of it that was cancelled."""
    os.environ["LANE_HOME"] = str(folder / "page_home")
    from app.services import importing, workspaces

    def look_at(key: str) -> importing.IncomingFile:
        incoming = importing.IncomingFile(key, folder / "posts.csv")
        reading = incoming.read(ReadOptions())
        incoming.guess_annotators(reading, _COLUMNS)
        incoming.check(reading, _COLUMNS, Fixes())
        return incoming

    def create(incoming: importing.IncomingFile) -> None:
        importing.create_project(incoming, incoming.read(ReadOptions()), _COLUMNS, Fixes(), "Posts")

    # Every run of a page is a thread of its own, whose memory other threads do not take over.
    for work in (lambda: look_at("cancelled"), lambda: create(look_at("chosen"))):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(work).result()
    workspaces.workspace().close()


def lay_down(folder: Path) -> None:
    """Lay down the files of a finished run, and decisions of a person on half a percent of the examples."""
    workspace = Workspace(Home(folder / "home"))
    dataset = datasets.list_datasets(workspace.store)[0]
    run_dir, run = lay_down_run(workspace, dataset, "Run 1")
    names = datasets.dataset_classes(workspace.store, dataset.dataset_id)
    labels = datasets.current_labels(workspace.store, dataset.dataset_id, with_text=False)["current_label"]
    codes = labels.map({name: code for code, name in enumerate(names)}).to_numpy(dtype=np.int64)
    write_epochs(run_dir, codes, len(names), NUM_EPOCHS)
    run_dir.write_status(replace(run_dir.status(), state="finished", epoch=NUM_EPOCHS))
    step = round(1 / DECIDED_SHARE)
    record_decisions(
        workspace.store,
        [
            Decision(
                decision_id=f"d{index}",
                dataset_id=dataset.dataset_id,
                index=index,
                action="exclude" if index % (10 * step) == 0 else "relabel",
                label=None if index % (10 * step) == 0 else names[(codes[index] + 1) % len(names)],
                seen_label=names[codes[index]],
                run_id=run.run_id,
                annotator="ann",
            )
            for index in range(0, len(codes), step)
        ],
    )
    workspace.close()


def export(folder: Path) -> None:
    """Write the corrected, audit and changes file and the manifest of the run."""
    workspace = Workspace(Home(folder / "home"))
    export_run(workspace, runs.list_runs(workspace.store)[0].run_id, folder / "exports")
    workspace.close()


STEPS = {
    "import": Step(import_file, "Import", 60),
    "page": Step(import_in_the_app, "Import on the Data page, read twice", 60),
    "export": Step(export, "Export", 20),
}
"""What is measured."""


def measured(step: str, folder: Path, num_rows: int) -> Cost:
    """Do a step in a process of its own; return what it took, the memory of Python and libraries included."""
    command = [
        sys.executable,
        str(Path(__file__)),
        "--output",
        str(folder),
        "--rows",
        str(num_rows),
        "--step",
        step,
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure_all(folder: Path, num_rows: int, repeats: int) -> dict[str, list[Cost]]:
    """Do every step so many times; return what each time took, by step."""
    folder.mkdir(parents=True, exist_ok=True)
    # This process stays small: the peak of a child counts from what its parent held.
    measured("file", folder, num_rows)
    costs: dict[str, list[Cost]] = {step: [] for step in STEPS}
    for _ in range(repeats):
        for step, home in (("import", "home"), ("page", "page_home")):
            shutil.rmtree(folder / home, ignore_errors=True)
            costs[step].append(measured(step, folder, num_rows))
    measured("run", folder, num_rows)
    for _ in range(repeats):
        costs["export"].append(measured("export", folder, num_rows))
    return costs


def cost_table(costs: dict[str, list[Cost]]) -> str:
    """Return a Markdown table of the steps beside what they may take for a million rows."""
    lines = ["| step | seconds | of processor | at most | peak, GiB | below |", "|---|---|---|---|---|---|"]
    for name, found in costs.items():
        step = STEPS[name]
        wall_s, cpu_s = (np.median([getattr(cost, kind) for cost in found]) for kind in ("wall_s", "cpu_s"))
        peak_gib = max(cost.peak_gib for cost in found)
        lines.append(
            f"| {step.title} | {wall_s:.1f} | {cpu_s:.1f} | {step.most_s:.0f} | {peak_gib:.2f} | {step.most_gib:.0f} |"
        )
    return "\n".join(lines)


def _do(step: str, folder: Path, num_rows: int) -> None:
    start, cpu_start = time.perf_counter(), time.process_time()
    if step == "file":
        make_file(folder, num_rows)
    else:
        (lay_down if step == "run" else STEPS[step].work)(folder)
    wall_s = time.perf_counter() - start
    cpu_s = time.process_time() - cpu_start
    unit = 2**30 if sys.platform == "darwin" else 2**20
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "peak_gib": peak_gib}))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for file and homes; what is in it goes"
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--step", choices=["file", "run", *STEPS], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        _do(options.step, options.output, options.rows)
        return
    shutil.rmtree(options.output, ignore_errors=True)
    costs = measure_all(options.output, options.rows, options.repeats)
    size = (options.output / "posts.csv").stat().st_size
    print(f"{options.rows:,} rows, {size / 1e6:.0f} MB; the median of {options.repeats}:\n")
    print(cost_table(costs))


if __name__ == "__main__":
    main()
