"""Files that are there whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lane_core.files import replace_file


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "status.json"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        replace_file(target, fail)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_threads_that_replace_one_file_never_mix(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    failures = []

    def write_often(letter: str) -> None:
        try:
            for _ in range(50):
                replace_file(target, lambda path: path.write_text(letter * 1000))
                assert len(set(target.read_text())) == 1
        except Exception as error:  # noqa: BLE001 - told in the main thread
            failures.append(error)

    threads = [threading.Thread(target=write_often, args=(letter,)) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(target.parent.iterdir())) == 1
