"""A lock that serves whoever asks in the order of asking."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """Like threading.Lock as a context manager, but nobody who asks again at once gets it before those who wait.

    With the plain lock one of twenty busy people can wait for many seconds while the others take turns.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._gates: deque[threading.Lock] = deque()
        self._is_held = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._gates.append(gate)
        gate.acquire()  # until whoever holds the lock passes it on

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            if self._gates:
                self._gates.popleft().release()
            else:
                self._is_held = False
