"""Whatever lies among the events files of a run, the run's other files are read in, the newest epoch first."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lane_core.home import Home
from lane_core.runs.run_dir import RunDir
from lane_core.store.ingest import ingest_run, num_waiting
from lane_core.store.run_queries import last_epoch, rejected_files
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

NUM_EXAMPLES = 24
BAD = "epoch-0004.parquet"


@pytest.fixture
def workspace(small_project: SmallProject, home: Home) -> Iterator[Workspace]:
    """Holds the small project."""
    with closing(Workspace(home)) as opened:
        yield opened


@pytest.fixture
def run_dir(workspace: Workspace, small_project: SmallProject) -> RunDir:
    """A run of which epochs 1 and 2 are read in, and 3, 5 and 6 wait: the bad file, epoch 4, lies between them."""
    run_dir = workspace.run_dir(small_project.run.run_id)
    for epoch in (3, 5, 6):
        run_dir.write_event("epoch", epoch, run_dir.read_event("epoch", 2))
    return run_dir


def assert_the_rest_is_in(workspace: Workspace, run_dir: RunDir) -> None:
    with workspace.store.cursor() as cursor:
        stored = cursor.execute(
            "select epoch, count(*) from example_epochs group by all order by all"
        ).fetchall()
        assert stored == [(epoch, NUM_EXAMPLES) for epoch in (1, 2, 3, 5, 6)]
        results = cursor.execute("select epoch, count(*) from example_results group by all").fetchall()
        assert results == [(6, NUM_EXAMPLES)]
        # Of those that wait the newest comes first: what people work on.
        names = cursor.execute("""
            select epoch from ingested_files where kind = 'epoch' and epoch > 2 order by ingested_at
        """).fetchall()
        assert names == [(6,), (5,), (3,)]
    assert last_epoch(workspace.store, run_dir.run_id) == 6
    assert ingest_run(workspace.store, run_dir) == 0


def set_aside(workspace: Workspace, run_dir: RunDir) -> dict[str, str]:
    found = rejected_files(workspace.store, run_dir.run_id)
    return dict(zip(found["name"], found["reason"], strict=True))


def test_a_file_cut_off_at_any_hundredth_byte_is_set_aside(workspace: Workspace, run_dir: RunDir) -> None:
    whole = (run_dir.events / "epoch-0003.parquet").read_bytes()
    lengths = range(0, len(whole), 100)
    assert len(lengths) > 50
    for number, length in enumerate(lengths):
        (run_dir.events / f"epoch-{1000 + number}.parquet").write_bytes(whole[:length])

    assert ingest_run(workspace.store, run_dir) == 3

    found = set_aside(workspace, run_dir)
    assert sorted(found) == [f"epoch-{1000 + number}.parquet" for number in range(len(lengths))]
    assert all("torn, or no Parquet file" in reason for reason in found.values())
    assert_the_rest_is_in(workspace, run_dir)


def frame_of(run_dir: RunDir) -> pd.DataFrame:
    return run_dir.read_event("epoch", 3)


def with_huge_footer(run_dir: RunDir) -> None:
    content = bytearray((run_dir.events / "epoch-0003.parquet").read_bytes())
    content[-8:-4] = (2**31 - 1).to_bytes(4, "little")
    (run_dir.events / BAD).write_bytes(content)


def of_a_larger_run(run_dir: RunDir) -> None:
    more = pd.concat([frame_of(run_dir)] * 2).assign(index=range(2 * NUM_EXAMPLES))
    run_dir.write_event("epoch", 4, more)


def of_a_run_with_other_classes(run_dir: RunDir) -> None:
    run_dir.write_event("epoch", 4, frame_of(run_dir).assign(predicted=3))


def of_a_smaller_run(run_dir: RunDir) -> None:
    run_dir.write_event("epoch", 4, frame_of(run_dir).head(NUM_EXAMPLES - 1))


def of_another_epoch(run_dir: RunDir) -> None:
    shutil.copy(run_dir.events / "epoch-0003.parquet", run_dir.events / BAD)


def of_another_run(run_dir: RunDir) -> None:
    stranger = RunDir(run_dir.path.with_name("stranger"))
    stranger.events.mkdir(parents=True)
    shutil.copy(stranger.write_event("epoch", 4, frame_of(run_dir)), run_dir.events / BAD)


def with_an_unreadable_owner(run_dir: RunDir) -> None:
    path = run_dir.write_event("epoch", 4, frame_of(run_dir))
    table = pq.ParquetFile(path).read()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"lane_run": b"\xff"}), path)


def of_another_kind(run_dir: RunDir) -> None:
    shutil.copy(run_dir.events / "metrics-0002.parquet", run_dir.events / BAD)


@pytest.mark.parametrize(
    ("lay_down", "reason"),
    [
        (with_huge_footer, "torn, or no Parquet file"),
        (of_a_larger_run, "48 rows; the run has 24 examples"),
        (of_a_smaller_run, "23 rows; the run has 24 examples"),
        (of_a_run_with_other_classes, "holds 3; the run has 3 classes"),
        (of_another_kind, "written for kind 'metrics', and lies where the file of kind 'epoch' belongs"),
        (of_another_epoch, "written for epoch '3', and lies where the file of epoch '4' belongs"),
        (of_another_run, "written for run 'stranger', and lies where the file of run 'run-1' belongs"),
        (with_an_unreadable_owner, "written for run '�', and lies where the file of run 'run-1' belongs"),
        (lambda run_dir: (run_dir.events / BAD).mkdir(), "does not let it be read"),
        (lambda run_dir: (run_dir.events / BAD).symlink_to(BAD), "does not let it be read"),
        (lambda run_dir: (run_dir.events / BAD).symlink_to("gone.parquet"), "No such file"),
        (lambda run_dir: (run_dir.events / BAD).touch(), "torn, or no Parquet file"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_is_not_the_epoch_is_set_aside(
    workspace: Workspace, run_dir: RunDir, lay_down: Callable[[RunDir], object], reason: str
) -> None:
    lay_down(run_dir)

    assert ingest_run(workspace.store, run_dir) == 3

    assert list(set_aside(workspace, run_dir)) == [BAD]
    assert reason in set_aside(workspace, run_dir)[BAD]
    assert num_waiting(workspace.store, run_dir) == 0
    assert_the_rest_is_in(workspace, run_dir)


@pytest.mark.parametrize(
    "name",
    [
        "epoch-00004.parquet",
        "epoch-4.parquet",
        "epoch-0004.parquet.bak",
        "copy of epoch-0004.parquet",
        ".epoch-0004.parquet.1-1.tmp",
        "x.csv",
    ],
)
def test_a_file_of_another_name_is_nobodys_business(workspace: Workspace, run_dir: RunDir, name: str) -> None:
    shutil.copy(run_dir.events / "epoch-0003.parquet", run_dir.events / name)

    assert num_waiting(workspace.store, run_dir) == 3
    assert ingest_run(workspace.store, run_dir) == 3

    assert set_aside(workspace, run_dir) == {}
    assert_the_rest_is_in(workspace, run_dir)


def test_a_file_that_says_nothing_of_itself_is_taken(workspace: Workspace, run_dir: RunDir) -> None:
    """As those that earlier versions wrote."""
    for epoch in (3, 5, 6):
        path = run_dir.events / f"epoch-{epoch:04d}.parquet"
        pq.write_table(pq.ParquetFile(path).read().replace_schema_metadata(None), path)

    assert ingest_run(workspace.store, run_dir) == 3

    assert set_aside(workspace, run_dir) == {}
    assert_the_rest_is_in(workspace, run_dir)


def test_a_file_without_permission_is_read_as_soon_as_there_is_one(
    workspace: Workspace, run_dir: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir.write_event("epoch", 4, frame_of(run_dir))
    allowed = Path.open

    def refusing(self: Path, *arguments: object, **options: object) -> object:
        if self.name == BAD:
            raise PermissionError(13, "Permission denied", str(self))
        return allowed(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refusing)  # the tests may run as root, whom no permission stops
        assert ingest_run(workspace.store, run_dir) == 3
        assert "Permission denied" in set_aside(workspace, run_dir)[BAD]
        assert_the_rest_is_in(workspace, run_dir)

    assert ingest_run(workspace.store, run_dir) == 1
    assert set_aside(workspace, run_dir) == {}
    with workspace.store.cursor() as cursor:
        assert cursor.execute("select distinct epoch from example_results").fetchall() == [(6,)]
