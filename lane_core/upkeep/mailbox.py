"""How a command line asks the running app for what only the app can do: it has the database open.

Files below HOME/mailbox, each renamed into place; ``<id>`` is made up by whoever asks:

    app.lock        held by the app while it answers
    <id>.request    what is asked, and until when somebody waits for it to be taken up
    <id>.taken      the same file, renamed by the app when it begins
    <id>.answer     the answer or the error, in words; written before ``.taken`` goes
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lane_core.errors import BackupError, LaneError
from lane_core.files import replace_file
from lane_core.home import Home
from lane_core.runs.locks import is_held, release, take

PICKUP_S = 20.0
"""Within this time an app that is not busy with another request takes one up."""

_POLL_S = 0.2
_LOCK_PATIENCE_S = 2.0
"""Whoever looks at the lock takes it for a moment; that must not turn the app away."""

_logger = logging.getLogger(__name__)

Answers = Mapping[str, Callable[[str], str]]
"""Command -> what answers it: takes the argument, returns the answer, raises LaneError."""


class Mailbox:
    """A thread of the app that answers requests, one after the other."""

    def __init__(self, home: Home, answers: Answers, poll_s: float = _POLL_S) -> None:
        """Make it; nothing runs before ``start``."""
        self._folder = _folder(home)
        self._answers = answers
        self._poll_s = poll_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mailbox", daemon=True)
        self._lock: int | None = None

    def start(self) -> None:
        """Start the thread, unless another process answers the requests of this home."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = take(_lock_file(self._folder), _LOCK_PATIENCE_S)
        if self._lock is None:
            _logger.warning("Another process answers the requests in %s", self._folder)
            return
        for pattern in ("*.taken", "*.answer"):  # of an app that was killed, for somebody who has gone
            for path in self._folder.glob(pattern):
                path.unlink(missing_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the request under way finish, and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._lock is not None:
            release(self._lock)
            self._lock = None

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                for request in sorted(self._folder.glob("*.request")):
                    self._take_up(request)
            except Exception:
                _logger.exception("Looking for requests failed; trying again")
            self._stopping.wait(self._poll_s)

    def _take_up(self, request: Path) -> None:
        taken = request.with_suffix(".taken")
        try:
            request.rename(taken)
        except FileNotFoundError:
            return  # taken back
        try:
            values = json.loads(taken.read_text(encoding="utf-8"))
            if time.time() <= float(values["wanted_until"]):
                answer = self._answer(str(values["command"]), str(values["argument"]))
                _write_json(request.with_suffix(".answer"), answer)
        except (ValueError, KeyError, TypeError):
            _logger.warning("The request %s is none that can be read", request)
        finally:
            taken.unlink(missing_ok=True)

    def _answer(self, command: str, argument: str) -> dict[str, str]:
        try:
            if command not in self._answers:
                raise BackupError(f"The running app does not know {command!r}: restart it, it may be older.")
            return {"answer": self._answers[command](argument)}
        except LaneError as error:
            return {"error": str(error)}
        except Exception as error:
            _logger.exception("The request %s %s failed", command, argument)
            return {"error": f"The running app failed: {error!r}. Its log says more."}


def is_answered(home: Home) -> bool:
    """Return whether an app answers the requests of this home."""
    return is_held(_lock_file(_folder(home)))


def ask(home: Home, command: str, argument: str, pickup_s: float = PICKUP_S) -> str:
    """Let the running app carry out a command, and return its answer; waits as long as it takes.

    Raises:
        BackupError: With the app's own words; or if it does not take the request up within ``pickup_s`` seconds
            (which is then taken back), or ends before it has answered.
    """
    request = _folder(home) / f"{time.time_ns()}-{secrets.token_hex(4)}.request"
    wanted_until = time.time() + pickup_s
    _write_json(request, {"command": command, "argument": argument, "wanted_until": wanted_until})
    try:
        return _wait_for_answer(home, request, time.monotonic() + pickup_s)
    finally:
        request.unlink(missing_ok=True)
        request.with_suffix(".answer").unlink(missing_ok=True)


def _wait_for_answer(home: Home, request: Path, deadline: float) -> str:
    # The request is renamed before the answer is written, and the answer written before the request goes: looked
    # at in this order, a request that is in none of the three places was dropped.
    while True:
        is_waiting = request.exists()
        is_taken = request.with_suffix(".taken").exists()
        found = _read_answer(request.with_suffix(".answer"))
        if found is not None:
            if "error" in found:
                raise BackupError(found["error"])
            return found["answer"]
        if not is_answered(home):
            raise BackupError("The app ended before it had answered. Run the command again.")
        if not is_taken and (not is_waiting or time.monotonic() > deadline):
            raise BackupError(
                f"The running app has not taken the request up; it may be busy with another. It was taken back. "
                f"Try again soon, or stop the app of {home.path} and run the command again."
            )
        time.sleep(_POLL_S)


def _read_answer(path: Path) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _write_json(path: Path, values: Mapping[str, object]) -> None:
    replace_file(path, lambda temporary: temporary.write_text(json.dumps(values), encoding="utf-8"))


def _folder(home: Home) -> Path:
    return home.path / "mailbox"


def _lock_file(folder: Path) -> Path:
    return folder / "app.lock"
