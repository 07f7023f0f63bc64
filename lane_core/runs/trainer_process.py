"""The trainer as a child process: started so that it never outlives its supervisor, and stopped."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

TERMINATE_S = 2.0
"""Time between asking a trainer to terminate and killing it."""

_PR_SET_PDEATHSIG = 1


def start_trainer(command: Sequence[str], log: IO[bytes], locks: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start the trainer, in a process group of its own, as a child that is killed when this process ends (Linux only).

    Args:
        command: Whole command line.
        log: Open file that gets what the trainer says.
        locks: Descriptors of locks that the trainer holds together with this process.
    """
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=_environment(),
        pass_fds=locks,
        preexec_fn=_die_with_parent(),
        process_group=0,
    )


def stop_trainer(child: subprocess.Popen[bytes]) -> None:
    """Terminate the trainer, kill it if it stays, with every process it started, and wait until it is gone."""
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(TERMINATE_S)
    with suppress(ProcessLookupError):  # nobody of its group is left
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _environment() -> dict[str, str]:
    # Threads that spin while they wait take the processor from the app; tokenizers warn after a fork;
    # a killed trainer should not take its last words with it.
    quiet = {"OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **quiet}


def _die_with_parent() -> Callable[[], None] | None:
    """Return what the child must call so that the kernel kills it when this process is gone (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded here: a forked child must not load libraries
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
        if os.getppid() != parent:  # the parent died before the request: nobody would send the signal
            os._exit(1)

    return before_exec
