"""The class probabilities in a run directory: read as written, a few rows at a time, while they are being replaced."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from lane_core.errors import RunError
from lane_core.runs.run_dir import RunDir


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path)


def test_read_equals_written(run_dir: RunDir) -> None:
    written = np.random.default_rng(0).dirichlet(np.ones(28), 1000).astype(np.float32)
    run_dir.write_probabilities(written)
    read = run_dir.read_probabilities([7, 999, 0, 7])
    assert read.dtype == np.float32
    assert type(read) is np.ndarray, "what maps the file would keep it open"
    np.testing.assert_array_equal(read, written[[7, 999, 0, 7]].astype(np.float16))
    everything = run_dir.read_probabilities(range(1000))
    np.testing.assert_allclose(everything, written, rtol=2**-11, atol=2**-25)
    np.testing.assert_allclose(everything.sum(axis=1), 1, atol=2**-10)
    assert run_dir.read_probabilities([]).shape == (0, 28)


def test_the_newest_epoch_is_kept_alone(run_dir: RunDir) -> None:
    run_dir.write_probabilities(np.full((3, 2), 0.5))
    run_dir.write_probabilities(np.array([[0.25, 0.75]] * 3))
    assert run_dir.read_probabilities([2]).tolist() == [[0.25, 0.75]]
    assert [path.name for path in run_dir.path.iterdir()] == ["probabilities.npy"]


def test_a_reader_sees_one_epoch_whatever_the_writer_does(run_dir: RunDir) -> None:
    epochs = [np.full((5000, 4), number / 16, dtype=np.float16) for number in range(16)]
    run_dir.write_probabilities(epochs[0])
    done = threading.Event()

    def write() -> None:
        for epoch in epochs * 2:
            run_dir.write_probabilities(epoch)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        found = np.unique(run_dir.read_probabilities(np.arange(0, 5000, 7)))
        assert len(found) == 1
        seen.add(found[0])
    writer.join()
    assert len(seen) > 1, "nothing was replaced while it was read"


def test_a_run_without_the_file_is_told(run_dir: RunDir) -> None:
    with pytest.raises(RunError, match=r"has no class probabilities yet.*an earlier version has none"):
        run_dir.read_probabilities([0])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read: No data left in file"),
        (b"not numpy", "cannot be read: "),
        ("torn", "cannot be read: mmap length is greater than file size"),
        (np.zeros(4, dtype=np.float16), r"holds float16 of shape \(4,\)"),
        (np.zeros((4, 2)), "holds float64 of shape"),
        (np.zeros((4, 2), dtype=np.float16), "holds 4 examples, and one of 3 to 4 is wanted"),
    ],
    ids=["empty", "rubbish", "torn", "one-dimensional", "doubles", "too short"],
)
def test_a_damaged_file_is_told(run_dir: RunDir, content: bytes | str | np.ndarray, reason: str) -> None:
    path = run_dir.path / "probabilities.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        run_dir.write_probabilities(np.zeros((4, 2)))
        path.write_bytes(path.read_bytes()[:-3])
    else:
        np.save(path, content)
    with pytest.raises(RunError, match=reason) as raised:
        run_dir.read_probabilities([3, 4])
    assert str(path) in str(raised.value)
