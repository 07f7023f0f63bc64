"""A database of the version before several people shared a queue: who decided what is found out from the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from lane_core.records import Decision
from lane_core.store import migrations
from lane_core.store.decisions import record_decisions, undo
from lane_core.store.store import open_store
from tests.review_store import CLASSES
from tests.test_store_standing import asked, findings

# Of each example who decided what, in order: what counts, number of people, whether they disagree.
OLD = {
    0: (["ann keep", "bob joy"], ("bob", 2, True)),
    1: (["ann joy", "bob joy", "cid flag"], ("cid", 3, False)),
    2: (["ann joy", "ann keep", "bob fear"], ("bob", 2, False)),  # its label is fear
    3: (["ann exclude", "bob keep"], ("bob", 2, True)),
    4: (["ann exclude", "bob keep", "bob undo"], ("ann", 1, False)),
    5: (["ann fear", "bob keep", "ann undo", "ann redo", "cid undo"], ("bob", 2, True)),
}
LABELS = ["anger", "fear", "fear", "fear", "anger", "anger"]


def make_old_database(path: Path) -> None:
    """As the last version without own_decisions left it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:3])
        store = open_store(path)
    codes = {name: code for code, name in enumerate(CLASSES)}
    with store.transaction() as cursor:
        cursor.execute(
            "insert into datasets values ('d', 'x', 'x.csv', '00', '{}', 6, 6, now()::timestamp, 7)"
        )
        for name, code in codes.items():
            cursor.execute("insert into label_classes values ('d', ?, ?)", [code, name])
        for index, label in enumerate(LABELS):
            row = [
                index,
                index + 1,
                str(index),
                " same " if index in (1, 4) else f"text {index}",
                codes[label],
            ]
            cursor.execute(
                "insert into examples values ('d', ?, ?, ?, ?, ?, 'train', (7::bigint << 32) + ?)",
                [*row, index],
            )
        insert = """
            insert into decisions by name
            select nextval('decision_seq') as seq, $id as decision_id, 'd' as dataset_id, $index as index,
                $kind as kind, $action as action, $final as final_label, $target as target, $who as annotator,
                '' as note, now()::timestamp as created_at
        """
        for index, (steps, _) in OLD.items():
            last: dict[str, str] = {}
            for place, (who, choice) in enumerate(step.split() for step in steps):
                values = {
                    "id": f"{index} {place}",
                    "index": index,
                    "who": who,
                    "kind": choice,
                    "target": last.get(who),
                }
                values |= {"action": None, "final": None}
                if choice in ("undo", "redo") and who not in last:
                    values["index"] = None  # it found nothing to do
                elif choice not in ("undo", "redo"):
                    final = codes.get(choice, codes[LABELS[index]])
                    action = "relabel" if choice in codes else choice
                    values |= {"kind": "decision", "action": action, "final": final, "target": None}
                    last[who] = values["id"]
                cursor.execute(insert, values)
        # What that version kept: the newest live decision.
        cursor.execute("""
            insert into current_decisions
            select (7::bigint << 32) + index, dataset_id, index, decision_id, seq, action, final_label, annotator, note,
                lead_time_s, created_at
            from newest_decisions
        """)
    store.close()


def test_an_older_database_learns_who_decided_what(tmp_path: Path) -> None:
    make_old_database(tmp_path / "lane.duckdb")
    store = open_store(tmp_path / "lane.duckdb")
    assert asked(
        store, "select index, annotator, num_people, is_disputed from current_decisions order by index"
    ) == [(index, *expected) for index, (_, expected) in OLD.items()]
    assert asked(store, "select key & 255, annotator, decision_id from own_decisions order by all") == [
        (0, "ann", "0 0"), (0, "bob", "0 1"),
        (1, "ann", "1 0"), (1, "bob", "1 1"), (1, "cid", "1 2"),
        (2, "ann", "2 1"), (2, "bob", "2 2"),
        (3, "ann", "3 0"), (3, "bob", "3 1"),
        (4, "ann", "4 0"),
        (5, "ann", "5 0"), (5, "bob", "5 1"),
    ]  # fmt: skip
    assert asked(store, "select distinct is_settling, note, lead_time_s from own_decisions") == [
        (False, "", None)
    ]
    assert asked(store, "select key & 255, first_key & 255 from duplicate_texts order by all") == [
        (1, 1),
        (4, 1),
    ]
    assert findings(store) == []
    # And it goes on from there.
    settled = Decision("new", "d", 0, "keep", None, "anger", None, "cid", is_settling=True)
    assert record_decisions(store, [settled]) == 1
    assert undo(store, "d", "bob", "u").index == 5
    assert asked(
        store,
        "select index, num_people, is_disputed from current_decisions where index in (0, 5) order by index",
    ) == [(0, 3, False), (5, 1, False)]
    assert findings(store) == []
    store.close()
