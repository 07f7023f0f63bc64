"""Broken files of all kinds: one clear message, nothing stored, little time and memory."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lane_core.errors import LaneError
from lane_core.home import Home
from lane_core.store import datasets
from lane_core.workspace import Workspace
from tests.broken_files import BROKEN, place

SECONDS = 5.0
MEGABYTES = 500
LONGEST_MESSAGE = 700
# What only programmers say.
INNER_WORDS = re.compile(
    r"Traceback|\w+Error\b|\w+Exception\b|object at 0x|NoneType|<class|has no attribute|out of range|Errno|"
    r"recursion|codec can't|sys\.set_|field limit"
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace for all of them: nothing ever comes into it."""
    opened = Workspace(Home(tmp_path_factory.mktemp("broken") / "lane"))
    yield opened
    opened.close()


def reset_peak() -> int | None:
    """Forget the most memory that this process took; return what it takes now, in KiB; None where Linux is not."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return peak()
    except OSError:
        return None


def peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file(opened: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    broken = BROKEN[case]
    path = place(broken, tmp_path)
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    before, start = reset_peak(), time.process_time()

    with pytest.raises(LaneError) as caught:
        opened.add_dataset(path, broken.columns, "P", options=broken.options)

    assert time.process_time() - start < SECONDS
    if before is not None:
        assert (peak() - before) / 1024 < MEGABYTES
    message = str(caught.value)
    assert len(message) < LONGEST_MESSAGE
    for said in (broken.name, *broken.said):
        assert said in message
    assert not INNER_WORDS.search(message)
    assert all(line.endswith((".", "pull")) for line in message.split("\n"))
    assert datasets.list_datasets(opened.store) == []
    assert list(opened.home.datasets.iterdir()) == []
    assert list(room.iterdir()) == []


def test_there_are_many() -> None:
    assert len(BROKEN) >= 60
