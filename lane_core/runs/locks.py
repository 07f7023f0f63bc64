"""Locks between processes: one for each run (who supervises it) and one for each device (who trains on it).

The kernel drops such a lock when its last holder is gone, however it ended, so a lock never lies the way
a file with a process number does. Only a local disk keeps that promise: network file systems may not.
Lock files stay where they are; removing one would let two processes lock two files of the same name.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

POLL_S = 0.05


def take(path: Path, wait_s: float = 0.0) -> int | None:
    """Lock ``path`` for this process, and for each process that inherits the descriptor.

    Args:
        path: Lock file, made if it is missing; its folder must exist.
        wait_s: How long to try, seconds. One attempt always.

    Returns:
        The open descriptor that holds the lock, for ``release``; None if somebody else holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + wait_s
    while not lock_descriptor(descriptor, blocking=False):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(POLL_S)
    return descriptor


def release(descriptor: int) -> None:
    """Give the lock back, also for processes that inherited it."""
    unlock_descriptor(descriptor)
    os.close(descriptor)


def is_held(path: Path) -> bool:
    """Return whether some process holds the lock at ``path`` now.

    It looks by taking the lock for a moment, so whoever takes a lock should try for longer than a moment.
    """
    if not path.exists():
        return False
    descriptor = take(path)
    if descriptor is None:
        return True
    release(descriptor)
    return False


def device_name(device: str) -> str:
    """Return the name of a device that locks and queues go by: cpu, cuda-0, cuda-1, ...

    Args:
        device: ``RunConfig.device``: auto, cpu, cuda or cuda:<n>; or such a name. "auto" is the first GPU, if any.
    """
    name = device.lower()
    if name == "auto":
        name = "cuda" if _has_gpu() else "cpu"
    if name == "cuda":
        name = "cuda:0"
    return re.sub("[^a-z0-9]+", "-", name)


def device_lock_file(home: Path, device: str) -> Path:
    """Return the lock file of a device below LANE_HOME; runs that name it wait for each other."""
    return home / "locks" / f"{device_name(device)}.lock"


def _has_gpu() -> bool:
    """Look for an NVIDIA driver; asking torch takes seconds, and GPU memory from those who train."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    driver_files = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidia0"))
    return any(path.exists() for path in driver_files) or shutil.which("nvidia-smi") is not None
