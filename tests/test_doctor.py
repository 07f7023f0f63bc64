"""The check-up as a whole: silent about a healthy home, careful with a database that it cannot open; its command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lane_core.cli import main
from lane_core.errors import StoreError
from lane_core.home import Home
from lane_core.store import decisions
from lane_core.upkeep.doctor import examine, repair
from lane_core.workspace import Workspace
from tests.checked_home import (
    asked,
    change,
    examined,
    source_of,
)

pytestmark = pytest.mark.usefixtures("filled_home")


def test_a_healthy_home_gives_nothing_to_say(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert examined(home) == []
    assert main(["doctor"]) == 0
    assert "Nothing is wrong." in capsys.readouterr().err


def test_what_people_do_every_day_is_no_damage(home: Home) -> None:
    workspace = Workspace(home)
    [dataset] = {run.dataset_id for run in [workspace.newest_run()]}
    decisions.redo(workspace.store, dataset, "Ada", "r2")
    workspace.drop_history("run-2")
    workspace.delete_run("run-1")
    workspace.close()
    assert asked(home, "select distinct epoch from example_epochs") == [(2,)]
    assert examined(home) == []


def test_an_empty_home_is_well_and_stays_empty(tmp_path: Path) -> None:
    assert examine(Home(tmp_path / "nothing")) == []
    assert not (tmp_path / "nothing").exists()


def test_a_missing_database_is_told_and_not_made(home: Home) -> None:
    home.database.unlink()
    [found] = examine(home)
    assert found.kind == "missing_database"
    assert str(home.database) in found.what
    assert "2 folders" in found.what
    assert repair(home, [found]) == []
    assert not home.database.exists()


def test_a_damaged_database_is_refused_and_left(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    content = home.database.read_bytes()
    damaged = content[:16_384] + bytes(len(content) - 16_384)
    home.database.write_bytes(damaged)
    assert main(["doctor", "--repair"]) == 1
    assert str(home.database) in capsys.readouterr().err
    assert home.database.read_bytes() == damaged


def test_a_database_of_a_newer_version_is_refused(home: Home) -> None:
    change(home, "insert into schema_migrations values ('m999_future', now()::timestamp)")
    with pytest.raises(StoreError, match="newer version"):
        examine(home)


@pytest.fixture
def holder(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the database open."""
    program = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(home.database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.communicate("\n", timeout=10)


def test_while_the_app_has_the_database_it_says_so(
    holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--repair"]) == 1
    told = capsys.readouterr().err
    assert f"Process {holder.pid} has the database" in told
    assert "Stop that program" in told


def test_the_command_says_what_to_do_and_does_it(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    change(home, "delete from class_similarity where run_id = 'run-1' and epoch = 2")
    (home.datasets / "empty").mkdir()
    source_of(home).unlink()
    assert main(["doctor"]) == 1
    told = capsys.readouterr().err
    assert "Fault: The events file similarity-0002.parquet of the run 'run-1'" in told
    assert "3 faults; --repair can mend 2." in told
    assert main(["doctor", "--repair"]) == 1
    told = capsys.readouterr().err.split("After the repair:")[1]
    assert "similarity-0002" not in told
    assert "Fault: The imported file 'small.csv'" in told
    assert "1 fault; --repair can mend 0." in told
