"""The lock of the decisions: in the order of asking, and free again after an error."""

import threading
import time

import pytest

from lane_core.store.fair_lock import FairLock


def test_it_serves_in_the_order_of_asking_though_one_asks_again_at_once() -> None:
    lock, served = FairLock(), []

    def ask(number: int) -> None:
        with lock:
            served.append(number)

    with lock:
        waiting = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
        for number, thread in enumerate(waiting):
            thread.start()
            while len(lock._gates) <= number:
                time.sleep(0.001)
    ask(99)  # the others asked before
    for thread in waiting:
        thread.join(10)
    assert served == [0, 1, 2, 3, 4, 99]


def test_only_one_holds_it() -> None:
    lock, inside, most = FairLock(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with lock:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (inside, most) == (0, 1)


def test_an_error_gives_it_back() -> None:
    lock = FairLock()
    with pytest.raises(RuntimeError, match="inside"), lock:
        raise RuntimeError("inside")
    with lock:
        pass
