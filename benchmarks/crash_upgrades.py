"""Killed while the database of an older version is brought up to date."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import duckdb

from benchmarks.crash_case import Case
from benchmarks.crash_children import Children
from benchmarks.store_checks import contents
from lane_core.store import migrations
from lane_core.store.snapshot import database_files
from lane_core.store.store import open_store

_NUM_EPOCHS = 4
_ROWS = (
    "insert into datasets values ('d', 'x', 'x.csv', '00', '{}', $n, $n, now()::timestamp)",
    "insert into label_classes values ('d', 0, 'fear'), ('d', 1, 'joy')",
    """insert into examples
        select 'd', range, range + 1, range::text, 'text ' || range, range % 2, 'train' from range($n)""",
    "insert into runs values ('r', 'd', 'Run 1', '{}', 0, now()::timestamp)",
    "insert into run_examples select 'r', range, range % 2, 'train' from range($n)",
    f"""insert into ingested_files
        select 'r', printf('epoch-%04d.parquet', range), 'epoch', range, $n, now()::timestamp
        from range(1, 1 + {_NUM_EPOCHS})""",
    f"""insert into example_epochs by name
        select 'r' as run_id, epoch, index, epoch + index / 7 as margin, 0.5 as alm, index % 2 as predicted,
            index / 9 as label_score, index % 5 = 0 as is_label_issue
        from (select range as epoch from range(1, 1 + {_NUM_EPOCHS})), (select range as index from range($n))""",
    """insert into decisions by name
        select range + 1 as seq, range::text as decision_id, 'd' as dataset_id, range // 3 as index, 'decision' as kind,
            ['keep', 'exclude', 'flag', 'relabel'][1 + range % 4] as action, range % 2 as final_label,
            'person ' || range % 5 as annotator, '' as note, now()::timestamp as created_at
        from range($n // 10)""",
    """insert into decisions by name
        select $n + range as seq, 'undo ' || range as decision_id, 'd' as dataset_id, range // 3 as index,
            'undo' as kind, 'keep' as action, range::text as target, 'person ' || range % 5 as annotator, '' as note,
            now()::timestamp as created_at
        from range(0, $n // 10, 4)""",
)


class Upgrade(Case):
    """A database of one of the versions before this one is opened by this one; several people have decided there."""

    def __init__(self, children: Children, folder: Path, num_examples: int) -> None:
        """Make all, and bring them up to date once, uninterrupted."""
        super().__init__(children, folder, 1.0)  # of the seconds that the upgrade of that version takes
        versions = range(1, len(migrations.MIGRATIONS))
        self._old = {version: folder / f"version-{version}.duckdb" for version in versions}
        self._database = folder / "here" / "lane.duckdb"
        self._version = versions[-1]
        self._expected = {}
        self._seconds: dict[int, float] = {}
        for version, path in self._old.items():
            _make_old_database(path, version, num_examples)
            self._lay_down(version)
            self._seconds[version] = 0.9 * children.run("upgrade", self._database)
            self._expected[version] = _opened(self._database)

    def kill(self, after_s: float) -> int:
        """Kill while the one or the other version is upgraded, in turn."""
        self._version = self._version % len(self._old) + 1
        self._lay_down(self._version)
        return self.children.run_and_kill(after_s * self._seconds[self._version], "upgrade", self._database)

    def look(self) -> tuple[str, list[str]]:
        """Compare every table with what an upgrade that was left alone gives."""
        num_done = self._num_steps() - self._version
        moment = f"{num_done} of {len(migrations.MIGRATIONS) - self._version} steps done"
        found, expected = _opened(self._database), self._expected[self._version]
        differing = sorted(
            table for table in found.keys() | expected if found.get(table) != expected.get(table)
        )
        return moment, [
            f"not as after an upgrade that was left alone: {', '.join(differing)}"
        ] if differing else []

    def _lay_down(self, version: int) -> None:
        shutil.rmtree(self._database.parent, ignore_errors=True)
        self._database.parent.mkdir()
        shutil.copy(self._old[version], self._database)

    def _num_steps(self) -> int:
        """Count the steps in a copy: opening the file itself would change it before this program sees it."""
        probe = self._database.parent.with_name("probe")
        shutil.rmtree(probe, ignore_errors=True)
        probe.mkdir()
        for path in database_files(self._database):
            shutil.copy(path, probe)
        with duckdb.connect(str(probe / self._database.name)) as connection:
            return int(connection.execute("select count(*) from schema_migrations").fetchall()[0][0])


def _make_old_database(path: Path, version: int, num_examples: int) -> None:
    # The rows are those of the first two versions; a later one has them from its own upgrade.
    with patch.object(migrations, "MIGRATIONS", migrations.MIGRATIONS[: min(version, 2)]):
        store = open_store(path)
    with closing(store), store.transaction() as cursor:
        for statement in _ROWS:
            cursor.execute(statement, {"n": num_examples} if "$n" in statement else None)
    with patch.object(migrations, "MIGRATIONS", migrations.MIGRATIONS[:version]):
        open_store(path).close()


def _opened(database: Path) -> dict[str, object]:
    with closing(open_store(database)) as store:
        return contents(store)
