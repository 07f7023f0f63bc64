"""Killed while people decide: reading in, writing the database anew, backing up; and restoring."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.crash_case import Case
from benchmarks.crash_children import Children
from benchmarks.deciding import RUNS, Decider, make_project, write_epoch
from benchmarks.store_checks import Said, contents, decision_findings, store_findings
from lane_core.home import Home
from lane_core.runs.run_dir import RunDir
from lane_core.store.store import Store, open_store
from lane_core.upkeep.backup import back_up
from lane_core.upkeep.restore import restore
from lane_core.workspace import Workspace


class DatabaseCase(Case):
    """Two people decide on a project while the child does something else to its database."""

    child: str

    def __init__(
        self, children: Children, folder: Path, longest_s: float, num_examples: int, num_epochs: int
    ) -> None:
        """Write down the epochs of both runs, none of them read in."""
        super().__init__(children, folder, longest_s)
        self._template, self.home, self._said = folder / "template", folder / "home", folder / "said"
        self._num_files = 3 * num_epochs * len(RUNS)
        store, label = make_project(self._template / "lane.duckdb", num_examples)
        store.close()
        first, second = (RunDir(self._template / "runs" / run_id) for run_id in RUNS)
        for epoch in range(1, num_epochs + 1):
            for run_dir in (first, second):
                write_epoch(run_dir, epoch, label)
        self._begin()

    def _begin(self) -> None:
        for path in (self.home, self._said):
            shutil.rmtree(path, ignore_errors=True)
        self._said.mkdir()
        shutil.copytree(self._template, self.home)

    def kill(self, after_s: float) -> int:
        """Kill while the child works on what earlier kills left; when everything is read in, begin anew."""
        return self.children.run_and_kill(after_s, self.child, self.home, self._said)

    def look(self) -> tuple[str, list[str]]:
        """Check the database, and whether it has what the deciders were told."""
        moment = self.moment()
        with closing(open_store(self.home / "lane.duckdb")) as store:
            findings = store_findings(store, self.home / "runs")
            findings += decision_findings(store, self._told(), may_be_unsaid=1)
            with store.cursor() as cursor:
                num_in = cursor.execute("select count(*) from ingested_files").fetchall()[0][0]
            findings += self.look_further(store)
        if num_in == self._num_files:
            self._begin()
        share = {0: "no", self._num_files: "all"}.get(num_in, "some")
        return moment or f"{share} epochs in", findings

    def moment(self) -> str:
        """Return what the child was at, by the files that it left; empty where that is told by the epochs read in."""
        return ""

    def look_further(self, store: Store) -> list[str]:
        """Return what is wrong beside the database."""
        return []

    def _told(self) -> list[list[Said]]:
        files = [path.read_text().splitlines(keepends=True) for path in sorted(self._said.iterdir())]
        return [
            [Said(**json.loads(line)) for line in lines if line.endswith("\n")] for lines in files if lines
        ]


class ReadIn(DatabaseCase):
    """Two runs are read in at once."""

    child = "read in"


class Compact(DatabaseCase):
    """The database is written anew again and again while epochs come in."""

    child = "compact"

    def moment(self) -> str:
        """Tell by the copy."""
        return "copy half written" if list(self.home.glob("*.compact*")) else ""


class BackUp(DatabaseCase):
    """One backup after the other replaces the last while epochs come in."""

    child = "back up"

    def moment(self) -> str:
        """Tell by the archive."""
        if list(self.home.glob(".backup/*.part*")):
            return "copy of the database half written"
        if list(self.home.glob("backups/*.part")):
            return "archive half written"
        return "between backups" if list(self.home.glob("backups/*")) else ""

    def look_further(self, store: Store) -> list[str]:
        """Restore the last backup that was finished: it must be a state that was."""
        archive, restored = self.home / "backups" / "newest.zip", self.folder / "restored"
        if not archive.exists():
            return []
        shutil.rmtree(restored, ignore_errors=True)
        restore(archive, Home(restored))
        with closing(open_store(restored / "lane.duckdb")) as copy:
            findings = [f"in the backup: {words}" for words in store_findings(copy, restored / "runs")]
            copied = _decision_ids(copy)
        if copied != _decision_ids(store)[: len(copied)]:
            findings.append("the decisions in the backup are not the first ones in the database")
        return findings


def _decision_ids(store: Store) -> list[str]:
    with store.cursor() as cursor:
        return [row[0] for row in cursor.execute("select decision_id from decisions order by seq").fetchall()]


class Restore(Case):
    """A backup is restored over a project with other decisions."""

    def __init__(self, children: Children, folder: Path, num_examples: int) -> None:
        """Make the backup and the other project, and restore once, uninterrupted."""
        super().__init__(children, folder, 0.0)
        self._archive, self._old, self._home = folder / "backup.zip", folder / "old", folder / "home"
        _make_decided(folder / "source", num_examples)
        with closing(Workspace(Home(folder / "source"))) as workspace:
            back_up(workspace, self._archive)
        _make_decided(self._old, num_examples)
        self._expected = _contents(folder / "source")
        self._was = _contents(self._old)
        shutil.copytree(self._old, self._home)
        self.longest_s = 1.1 * children.run("restore", self._archive, self._home)

    def kill(self, after_s: float) -> int:
        """Kill while the backup replaces the same old project."""
        shutil.rmtree(self._home)
        shutil.copytree(self._old, self._home)
        return self.children.run_and_kill(after_s, "restore", self._archive, self._home)

    def look(self) -> tuple[str, list[str]]:
        """Open what is there, restore again, and look for what was there before."""
        aside = list(self._home.glob("before-restore-*"))
        moment = "exchanging" if aside else "unpacking" if (self._home / ".restore").exists() else "not begun"
        # An app that is started now finds one of the two, whole.
        is_one = _contents(self._home) in (self._was, self._expected)
        findings = [] if is_one else ["the database is neither the old nor the restored one"]
        restore(self._archive, Home(self._home))
        if _contents(self._home) != self._expected:
            findings.append("restored again, the database is not that of the backup")
        kept = [_contents(path) for path in self._home.glob("before-restore-*")]
        if self._was not in kept:
            findings.append("the database that was there before is nowhere")
        return moment, findings


def _make_decided(home: Path, num_examples: int) -> None:
    store, label = make_project(home / "lane.duckdb", num_examples)
    with closing(store):
        decider = Decider(store, home.name, num_examples)
        for _ in range(20):
            decider.step()
    write_epoch(RunDir(home / "runs" / RUNS[0]), 1, label)


def _contents(home: Path) -> dict[str, Any]:
    with closing(open_store(home / "lane.duckdb")) as store:
        return contents(store)
