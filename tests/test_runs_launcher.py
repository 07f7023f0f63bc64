"""Runs as real processes: a tiny trainer in place of the worker, the real supervisor and launcher."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.records import RunStatus
from lane_core.runs import launcher, supervisor
from lane_core.runs.locks import device_lock_file, is_held, release, take
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.runs.trainer_process import start_trainer, stop_trainer

REPOSITORY = Path(__file__).resolve().parents[1]

# Trains until the file "finish" appears or it is cancelled; "stubborn" makes it and a child ignore cancel and SIGTERM.
TRAINER = """
import os, signal, sys, time
from dataclasses import replace
from pathlib import Path
from lane_core.runs.run_dir import RunDir

run_dir = RunDir(Path(sys.argv[1]))
is_stubborn = (run_dir.path / "stubborn").exists()
if is_stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
status = replace(run_dir.status(), state="running", phase="training", pid=os.getpid())
run_dir.write_status(status)
while True:
    if (run_dir.path / "finish").exists():
        run_dir.write_status(replace(status, state="finished", message="from the trainer"))
        break
    if run_dir.cancel_file.exists() and not is_stubborn:
        run_dir.write_status(replace(status, state="cancelled", message="from the trainer"))
        break
    time.sleep(0.02)
"""

SUPERVISOR = """
import sys
from lane_core.runs import supervisor
supervisor.main(sys.argv[1:], trainer=[sys.executable, {trainer!r}])
"""

PARENT = """
import sys, time
from pathlib import Path
from lane_core.runs import launcher
from lane_core.runs.run_dir import RunDir
launcher._supervisor_command = lambda run_dir, home: [
    sys.executable, sys.argv[1], str(run_dir.path), "--home", str(home)
]
launcher.start(RunDir(Path(sys.argv[2])), Path(sys.argv[3]))
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LANE_HOME whose runs train with the tiny trainer; no process of it is left behind."""
    (tmp_path / "trainer.py").write_text(TRAINER)
    script = tmp_path / "supervisor.py"
    script.write_text(SUPERVISOR.format(trainer=str(tmp_path / "trainer.py")))
    monkeypatch.setattr(
        launcher,
        "_supervisor_command",
        lambda run_dir, home: [sys.executable, str(script), str(run_dir.path), "--home", str(home)],
    )
    yield tmp_path
    for process in psutil.process_iter(["cmdline"]):
        if any(str(tmp_path) in argument for argument in process.info["cmdline"] or ()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def make_run(home: Path, name: str = "run-1", device: str = "cpu") -> RunDir:
    run_dir = RunDir(home / "runs" / name)
    examples = pd.DataFrame(
        {"index": [0], "example_id": ["1"], "text": ["hi"], "given_label": ["joy"], "split": ["train"]}
    )
    dataset = RunDataset("d1", "tiny", ("joy", "fear"), 0)
    run_dir.create(RunConfig.from_preset("quick", device=device), dataset, examples)
    return run_dir


def wait_for(holds: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def wait_for_state(run_dir: RunDir, state: str) -> RunStatus:
    wait_for(lambda: launcher.status(run_dir).state == state, f"{state}; log:\n{run_dir.log_tail()}")
    return launcher.status(run_dir)


def wait_for_training(run_dir: RunDir) -> psutil.Process:
    wait_for(lambda: launcher.status(run_dir).phase == "training", f"training; log:\n{run_dir.log_tail()}")
    return psutil.Process(launcher.status(run_dir).pid)


def supervisor_of(run_dir: RunDir) -> psutil.Process:
    """Return the process that supervises a run whose training has not begun."""
    return next(
        process
        for process in psutil.process_iter(["cmdline"])
        if str(run_dir.path) in (process.info["cmdline"] or ())
    )


def is_gone(process: psutil.Process) -> bool:
    """Whether not even a zombie is left."""
    return not psutil.pid_exists(process.pid)


def is_dead(process: psutil.Process) -> bool:
    """Whether it runs no more; who has to bury it is not ours to say."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def finish(run_dir: RunDir) -> None:
    (run_dir.path / "finish").touch()


def test_a_run_starts_detached_and_finishes_without_leaving_processes(home: Path) -> None:
    run_dir = make_run(home)
    launcher.start(run_dir, home)
    assert is_held(run_dir.lock_file)
    trainer = wait_for_training(run_dir)
    parent = trainer.parent()
    assert parent is not None
    assert os.getsid(parent.pid) == parent.pid  # its own session: Ctrl-C in our terminal does not reach it
    assert is_held(home / "locks" / "cpu.lock")
    environment = trainer.environ()
    assert (environment["OMP_WAIT_POLICY"], environment["TOKENIZERS_PARALLELISM"]) == ("passive", "false")
    with pytest.raises(RunError, match="was started before: it is running"):
        launcher.start(run_dir, home)
    with pytest.raises(RunError, match="is running, so it cannot be resumed"):
        launcher.resume(run_dir, home)

    finish(run_dir)
    assert wait_for_state(run_dir, "finished").message == "from the trainer"
    wait_for(lambda: is_gone(trainer) and is_gone(parent), "both processes to leave")
    assert not is_held(run_dir.lock_file)
    assert not is_held(home / "locks" / "cpu.lock")
    with pytest.raises(RunError, match="is finished, so it cannot be resumed"):
        launcher.resume(run_dir, home)
    with pytest.raises(RunError, match="is finished; there is nothing to cancel"):
        launcher.cancel(run_dir)


def test_an_obedient_trainer_ends_itself_when_cancelled_and_resumes_at_once(home: Path) -> None:
    run_dir = make_run(home)
    launcher.start(run_dir, home)
    wait_for_training(run_dir)
    launcher.cancel(run_dir)
    assert wait_for_state(run_dir, "cancelled").message == "from the trainer"

    launcher.resume(run_dir, home)  # its first supervisor may not have left yet
    assert not run_dir.cancel_file.exists()
    finish(run_dir)
    assert wait_for_state(run_dir, "finished").message == "from the trainer"


def test_cancel_frees_the_device_within_10_s_whatever_the_trainer_does(home: Path) -> None:
    run_dir = make_run(home)
    (run_dir.path / "stubborn").touch()
    launcher.start(run_dir, home)
    trainer = wait_for_training(run_dir)
    (child,) = trainer.children()
    asked_at = time.monotonic()
    launcher.cancel(run_dir, grace_s=60)
    wait_for(lambda: not is_held(home / "locks" / "cpu.lock"), "the device")
    assert time.monotonic() - asked_at < 9
    assert is_gone(trainer)
    wait_for(lambda: is_dead(child), "the child of the trainer to die", timeout_s=2.0)
    status = wait_for_state(run_dir, "cancelled")
    assert status.message == "Cancelled."
    assert status.ended_at is not None


@pytest.mark.parametrize(("text", "seconds"), [("0.5", 0.5), ("60", 5.0), ("", 5.0), ("soon", 5.0)])
def test_a_grace_may_be_shorter_but_not_longer(tmp_path: Path, text: str, seconds: float) -> None:
    run_dir = RunDir(tmp_path)
    run_dir.cancel_file.write_text(text)
    assert supervisor._grace_s(run_dir) == seconds


def test_a_killed_trainer_means_interrupted_and_the_run_resumes(home: Path) -> None:
    run_dir = make_run(home)
    launcher.start(run_dir, home)
    wait_for_training(run_dir).kill()
    status = wait_for_state(run_dir, "interrupted")
    assert "SIGKILL" in status.message
    assert run_dir.status().state == "interrupted"  # on disk too: the supervisor wrote it

    launcher.resume(run_dir, home)
    assert launcher.status(run_dir).state in ("queued", "running")
    finish(run_dir)
    status = wait_for_state(run_dir, "finished")
    assert status.message == "from the trainer"


def test_a_killed_supervisor_takes_the_trainer_along_and_the_run_resumes(home: Path) -> None:
    run_dir = make_run(home)
    launcher.start(run_dir, home)
    trainer = wait_for_training(run_dir)
    os.kill(trainer.ppid(), signal.SIGKILL)
    status = wait_for_state(run_dir, "interrupted")
    assert "can be resumed" in status.message
    wait_for(lambda: is_dead(trainer), "the trainer to die", timeout_s=2.0)
    assert run_dir.status().state == "running"  # nobody was left to write anything else
    with pytest.raises(RunError, match="is interrupted; there is nothing to cancel"):
        launcher.cancel(run_dir)

    launcher.resume(run_dir, home)
    finish(run_dir)
    wait_for_state(run_dir, "finished")


def test_runs_on_one_device_wait_for_their_turn_and_not_for_a_killed_one(home: Path) -> None:
    first, second, third = (make_run(home, name) for name in ("first", "second", "third"))
    launcher.start(first, home)
    wait_for_training(first)
    launcher.start(second, home)
    launcher.start(third, home)
    for waiting, place in ((second, "1st"), (third, "2nd")):
        words = f"Waits for the CPU: {place} in the queue."
        wait_for(lambda run_dir=waiting, words=words: launcher.status(run_dir).message == words, words)
        assert launcher.status(waiting).state == "queued"

    supervisor_of(second).kill()
    assert "can be resumed" in wait_for_state(second, "interrupted").message
    wait_for(lambda: "1st in the queue" in launcher.status(third).message, "the next place")
    finish(first)
    wait_for_training(third)
    assert launcher.status(first).state == "finished"
    launcher.resume(second, home)
    wait_for(lambda: "1st in the queue" in launcher.status(second).message, "the reason for waiting")
    launcher.cancel(second)
    assert wait_for_state(second, "cancelled").message == "Cancelled before training began."
    finish(third)
    wait_for_state(third, "finished")


def test_a_run_outlives_the_program_that_started_it(home: Path) -> None:
    run_dir = make_run(home)
    arguments = [str(home / "supervisor.py"), str(run_dir.path), str(home)]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        trainer = wait_for_training(run_dir)
        parent.kill()
    assert parent.returncode == -signal.SIGKILL
    time.sleep(0.3)
    assert trainer.is_running()
    assert launcher.status(run_dir).state == "running"
    finish(run_dir)
    assert wait_for_state(run_dir, "finished").message == "from the trainer"


def test_a_trainer_keeps_the_locks_until_it_is_gone(tmp_path: Path) -> None:
    lock = take(tmp_path / "lock")
    assert lock is not None
    with (tmp_path / "log.txt").open("ab") as log:
        child = start_trainer([sys.executable, "-c", "import time; time.sleep(60)"], log, [lock])
    os.close(lock)  # what the kernel does when a supervisor dies
    assert is_held(tmp_path / "lock")
    stop_trainer(child)
    assert child.returncode == -signal.SIGTERM
    assert not is_held(tmp_path / "lock")


def test_a_supervisor_that_does_not_come_up_is_an_error_with_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(home)
    failing = [sys.executable, "-c", "import sys; sys.exit('no such module')"]
    monkeypatch.setattr(launcher, "_supervisor_command", lambda run_dir, home: failing)
    with pytest.raises(RunError, match="exit code 1") as caught:
        launcher.start(run_dir, home)
    assert "no such module" in str(caught.value)
    assert launcher.status(run_dir).state == "interrupted"

    monkeypatch.setattr(launcher, "START_TIMEOUT_S", 0.3)
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)", str(home)]
    monkeypatch.setattr(launcher, "_supervisor_command", lambda run_dir, home: sleeping)
    with pytest.raises(RunError, match="did not come up"):
        launcher.resume(run_dir, home)
    assert run_dir.status().state == "queued"
    assert launcher.status(run_dir).state == "interrupted"


def test_a_second_supervisor_leaves_the_run_alone(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path)
    before = (run_dir.path / "status.json").read_bytes()
    lock = take(run_dir.lock_file)
    assert lock is not None
    command = launcher._supervisor_command(run_dir, tmp_path)  # the real one, from a folder that is not ours
    ended = subprocess.run(command, cwd="/", env=launcher._environment(), capture_output=True, check=False)
    release(lock)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert (run_dir.path / "status.json").read_bytes() == before


@pytest.mark.parametrize(
    ("code", "state", "message"),
    [
        ("print('loading'); raise SystemExit('the reason')", "failed", "the reason"),
        ("raise SystemExit(3)", "failed", "The trainer ended with exit code 3 and said nothing."),
        ("pass", "failed", "The trainer ended without writing how the run went; see the log."),
        (
            "import os; os.kill(os.getpid(), 15)",
            "interrupted",
            "The trainer was killed by SIGTERM. The run can be resumed.",
        ),
        (
            "import json, pathlib; path = pathlib.Path('status.json');"
            "values = json.loads(path.read_text()) | dict(state='failed', message='its own words');"
            "path.write_text(json.dumps(values)); raise SystemExit('other words')",
            "failed",
            "its own words",
        ),
    ],
)
def test_how_a_run_ended_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, state: str, message: str
) -> None:
    run_dir = make_run(tmp_path)
    run_dir.log.write_text("a line of an earlier attempt\n")
    monkeypatch.chdir(run_dir.path)
    supervisor.supervise(run_dir, tmp_path, [sys.executable, "-c", code])
    assert (run_dir.status().state, run_dir.status().message) == (state, message)
    assert not is_held(run_dir.lock_file)


def test_a_supervisor_that_fails_says_so_and_frees_its_locks(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path)
    with pytest.raises(FileNotFoundError):
        supervisor.supervise(run_dir, tmp_path, ["/no/such/program"])
    assert run_dir.status().state == "failed"
    assert "/no/such/program" in run_dir.status().message
    assert not is_held(run_dir.lock_file)
    assert not is_held(tmp_path / "locks" / "cpu.lock")


def test_a_status_is_believed_while_a_start_is_under_way(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path)
    assert launcher.status(run_dir).state == "interrupted"
    lock = take(run_dir.path / "start.lock")
    assert lock is not None
    assert launcher.status(run_dir).state == "queued"
    release(lock)
    assert launcher.status(run_dir).state == "interrupted"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    for call in (launcher.start, launcher.resume):
        with pytest.raises(RunError, match="not a run directory"):
            call(RunDir(tmp_path / "missing"), tmp_path)
    with pytest.raises(RunError, match="not a run directory"):
        launcher.cancel(RunDir(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_run_directories_are_listed_newest_first(tmp_path: Path) -> None:
    assert launcher.list_run_dirs(tmp_path / "runs") == []
    for name, seconds in (("b", 100), ("a", 300), ("c", 200)):
        os.utime(make_run(tmp_path, name).path / "config.json", (seconds, seconds))
    (tmp_path / "runs" / "no-run").mkdir()
    assert [run_dir.run_id for run_dir in launcher.list_run_dirs(tmp_path / "runs")] == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("device", "has_gpu", "name"),
    [
        ("cpu", True, "cpu.lock"),
        ("auto", False, "cpu.lock"),
        ("auto", True, "cuda-0.lock"),
        ("cuda", True, "cuda-0.lock"),
        ("cuda:0", True, "cuda-0.lock"),
        ("CUDA:1", True, "cuda-1.lock"),
    ],
)
def test_one_lock_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, has_gpu: bool, name: str
) -> None:
    monkeypatch.setattr("lane_core.runs.locks._has_gpu", lambda: has_gpu)
    assert device_lock_file(tmp_path, device) == tmp_path / "locks" / name


def test_hidden_gpus_are_no_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert device_lock_file(tmp_path, "auto").name == "cuda-0.lock"
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert device_lock_file(tmp_path, "auto").name == "cpu.lock"


def test_the_supervisor_does_not_load_torch() -> None:
    code = "import sys, lane_core.runs.supervisor; print('torch' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert said.stdout == "False\n"
