"""The order in which waiting runs get a device; by default that in which they were started.

Each supervisor that waits keeps a ticket, HOME/queue/<device>/<run_id>.json: where its run is, and a number that
orders the tickets. A ticket counts only while its run's lock is held, so a supervisor that was killed holds up nobody.
Tickets change under one lock, and each is replaced whole: who only looks needs no lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from lane_core.errors import RunError
from lane_core.files import replace_file
from lane_core.runs.disk_room import remove_scraps
from lane_core.runs.locks import device_name, is_held, release, take
from lane_core.runs.run_dir import RunDir

LOCK_WAIT_S = 20.0
"""The lock is held for milliseconds."""


@dataclass(frozen=True)
class _Ticket:
    path: Path
    run_dir: RunDir
    order: int

    @property
    def is_stale(self) -> bool:
        return not is_held(self.run_dir.lock_file)


def queue_order(home: Path, device: str) -> list[str]:
    """Return the ids of the runs that wait for a device, the next one first.

    Args:
        home: LANE_HOME.
        device: ``RunConfig.device``, or a key of ``waiting_runs``.
    """
    return [ticket.run_dir.run_id for ticket in _tickets(_folder(home, device)) if not ticket.is_stale]


def waiting_runs(home: Path) -> dict[str, list[str]]:
    """Return ``queue_order`` of every device that runs wait for, by the device's name: cpu, cuda-0, ..."""
    orders = {folder.name: queue_order(home, folder.name) for folder in _folders(home)}
    return {device: order for device, order in orders.items() if order}


def move(home: Path, run_id: str, place: int) -> None:
    """Put a waiting run at another place of its queue.

    Args:
        home: LANE_HOME.
        run_id: The run.
        place: 0 = next; beyond the end = last.

    Raises:
        RunError: If the run does not wait for a device.
    """
    with _changing(home):
        for folder in _folders(home):
            waiting = [ticket for ticket in _tickets(folder) if not ticket.is_stale]
            moved = next((ticket for ticket in waiting if ticket.run_dir.run_id == run_id), None)
            if moved is not None:
                _reorder(waiting, moved, max(place, 0))
                return
    raise RunError(f"Run {run_id} does not wait for a device any more, so its place cannot be changed.")


def join(home: Path, device: str, run_dir: RunDir, order: int) -> None:
    """Put a run into the queue of a device; the caller holds the run's lock.

    Args:
        home: LANE_HOME.
        device: ``RunConfig.device``.
        run_dir: The run.
        order: When it was started, nanoseconds: who started earlier comes first.
    """
    folder = _folder(home, device)
    with _changing(home):
        folder.mkdir(parents=True, exist_ok=True)
        remove_scraps(folder)
        for ticket in _tickets(folder):
            if ticket.is_stale:  # its run cannot come back meanwhile: joining takes the lock that we hold
                ticket.path.unlink(missing_ok=True)
        _write(_Ticket(folder / f"{run_dir.run_id}.json", run_dir, order))


def leave(home: Path, device: str, run_dir: RunDir) -> None:
    """Take a run out of the queue of a device; does nothing if it is not there."""
    with _changing(home):
        (_folder(home, device) / f"{run_dir.run_id}.json").unlink(missing_ok=True)


def place_in_words(device: str, place: int) -> str:
    """Return what a waiting run says of itself.

    Example:
        >>> place_in_words("cpu", 1), place_in_words("cuda:1", 0)
        ('Waits for the CPU: 2nd in the queue.', 'Waits for GPU 1: 1st in the queue.')
    """
    return f"Waits for {device_in_words(device)}: {_ordinal(place + 1)} in the queue."


def device_in_words(device: str) -> str:
    """Return a device as people say it.

    Example:
        >>> device_in_words("cpu"), device_in_words("cuda-0"), device_in_words("cuda:1")
        ('the CPU', 'the GPU', 'GPU 1')
    """
    kind, _, number = device_name(device).partition("-")
    if kind == "cpu":
        return "the CPU"
    return "the GPU" if number in ("", "0") else f"GPU {number}"


@contextmanager
def _changing(home: Path) -> Iterator[None]:
    path = home / "locks" / "queue.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = take(path, wait_s=LOCK_WAIT_S)
    if lock is None:
        raise RunError(f"Another program holds {path}, so the queue cannot be changed. Try again soon.")
    try:
        yield
    finally:
        release(lock)


def _reorder(waiting: list[_Ticket], moved: _Ticket, place: int) -> None:
    """Deal the numbers that the tickets have out anew: runs that join later still come last."""
    others = [ticket for ticket in waiting if ticket is not moved]
    wanted = [*others[:place], moved, *others[place:]]
    # A move that was killed half way leaves two tickets with one number.
    orders = accumulate((ticket.order for ticket in waiting), lambda last, order: max(order, last + 1))
    for ticket, order in zip(wanted, orders, strict=True):
        if ticket.order != order:
            _write(_Ticket(ticket.path, ticket.run_dir, order))


def _folder(home: Path, device: str) -> Path:
    return home / "queue" / device_name(device)


def _folders(home: Path) -> list[Path]:
    return sorted(path for path in (home / "queue").glob("*") if path.is_dir())


def _tickets(folder: Path) -> list[_Ticket]:
    found = [ticket for path in folder.glob("*.json") if (ticket := _read(path)) is not None]
    return sorted(found, key=lambda ticket: (ticket.order, ticket.path.name))


def _read(path: Path) -> _Ticket | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return _Ticket(path, RunDir(Path(values["run_dir"])), int(values["order"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # its supervisor has just left, or no supervisor wrote it


def _write(ticket: _Ticket) -> None:
    values = {"run_dir": str(ticket.run_dir.path.resolve()), "order": ticket.order}
    replace_file(ticket.path, lambda path: path.write_text(json.dumps(values), encoding="utf-8"))


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
