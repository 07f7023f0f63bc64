"""Processes that do one thing of the program over and over until they are killed, and say what they have done.

They are forked by a server that has imported everything, so that hundreds of them take no hour. The server is this
module run as a program: ``Children`` starts it and talks to it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.deciding import RUNS, Decider
from benchmarks.store import DATASET
from lane_core.home import Home
from lane_core.runs.run_dir import RunDir
from lane_core.store.datasets import get_dataset
from lane_core.store.ingest import ingest_run
from lane_core.store.snapshot import compact
from lane_core.store.store import Store, open_store
from lane_core.upkeep.backup import back_up
from lane_core.upkeep.restore import restore
from lane_core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 120
"""A child whose server was killed ends by itself after so long."""


class Children:
    """The server that forks children, one at a time. A context manager."""

    def __init__(self, log: Path, preload: Sequence[str] = ()) -> None:
        """Start it; the errors of the children go to ``log``, and ``preload`` names modules that they need."""
        with log.open("a") as stream:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.crash_children", *preload],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
            )

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)  # type: ignore[arg-type]

    def run(self, name: str, *arguments: object) -> float:
        """Let a child work to its end; return the seconds it took."""
        self._start(name, arguments)
        start = time.perf_counter()
        exit_code = self._answer()
        if exit_code:
            raise RuntimeError(f"The child {name} ended with {exit_code}; its log says why.")
        return time.perf_counter() - start

    def run_and_kill(self, after_s: float, name: str, *arguments: object) -> int:
        """Kill a child after a time; return its exit code: -9 unless it ended before."""
        pid = self._start(name, arguments)
        time.sleep(after_s)
        os.kill(
            pid, signal.SIGKILL
        )  # one that has ended waits for the server to look, so the number is still its own
        return self._answer()

    def _start(self, name: str, arguments: Sequence[object]) -> int:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps([name, *map(str, arguments)]) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if not line:
            raise RuntimeError("The server of the children died; its log says why.")
        return int(line)


def _read_in(home: Path, said: Path) -> None:
    """Read both runs in at once while two people decide."""
    store = open_store(home / "lane.duckdb")
    if len(list(said.iterdir())) % 4 == 0:
        # DuckDB writes its log into the file when it is this long; by itself it would do so once in a while.
        with store.cursor() as cursor:
            cursor.execute("set global checkpoint_threshold = '256KB'")
    deciding = _start_deciding(store, said)
    reading = [_in_thread(partial(ingest_run, store, RunDir(home / "runs" / run))) for run in RUNS]
    for thread in [*reading, *deciding]:
        thread.join()


def _back_up(home: Path, said: Path) -> None:
    workspace = Workspace(Home(home))
    workspace.ingester.start()
    _start_deciding(workspace.store, said)
    while True:
        back_up(workspace, home / "backups" / "newest.zip")


def _compact(home: Path, said: Path) -> None:
    store = open_store(home / "lane.duckdb")
    _start_deciding(store, said)
    _in_thread(partial(ingest_run, store, RunDir(home / "runs" / RUNS[0])))
    while True:
        compact(store)


def _upgrade(database: Path) -> None:
    open_store(database).close()


def _restore(archive: Path, home: Path) -> None:
    restore(archive, Home(home))


def _train(run_dir: Path) -> None:
    from lane_core.runs.worker import work

    status = work(RunDir(run_dir))
    if status.state != "finished":
        raise RuntimeError(f"The run ended as {status}.")


def _write_encoder(folder: Path) -> None:
    from tests.tiny_encoder import write_tiny_encoder

    write_tiny_encoder(folder)


CHILDREN: dict[str, Callable[..., None]] = {
    "read in": _read_in,
    "back up": _back_up,
    "compact": _compact,
    "upgrade": _upgrade,
    "restore": _restore,
    "train": _train,
    "write encoder": _write_encoder,
}


def _start_deciding(store: Store, said: Path) -> list[threading.Thread]:
    """Start two people whose names no earlier attempt had; what they are told goes into a file each, at once."""
    num_examples, num_before = get_dataset(store, DATASET).num_examples, len(list(said.iterdir()))
    deciders = [Decider(store, f"{name}-{num_before}", num_examples) for name in ("ada", "bob")]
    return [_in_thread(partial(_decide_on, decider, said)) for decider in deciders]


def _decide_on(decider: Decider, said: Path) -> None:
    with (said / f"{decider.name}.jsonl").open("ab", buffering=0) as stream:
        while True:
            stream.write(json.dumps(asdict(decider.step())).encode() + b"\n")


def _in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=_or_die, args=(work,), daemon=True)
    thread.start()
    return thread


def _or_die(work: Callable[[], object]) -> None:
    """Work; an error ends the whole process at once with 1."""
    try:
        work()
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        os._exit(1)


def main() -> None:
    """Serve: for each line of standard input fork a child, print its process id and, when it has ended, how."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    ended_pid = 0
    for line in sys.stdin:
        if ended_pid:
            os.waitpid(ended_pid, 0)  # not before, or a late kill could meet another process of this number
        name, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.alarm(LONGEST_S)
            _or_die(partial(CHILDREN[name], *map(Path, arguments)))
            os._exit(0)
        print(pid, flush=True)
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        print(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status, flush=True)
        ended_pid = pid
    os._exit(0)  # what was imported takes long to go


if __name__ == "__main__":
    main()
