"""A file with the labels of several people: everything comes in, and only the label column goes out changed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lane_core.data.checking.fixes import Fixes
from lane_core.exports import export_run
from lane_core.records import ColumnChoice, Decision
from lane_core.store import datasets
from lane_core.store.annotations import file_annotations
from lane_core.store.datasets import get_dataset
from lane_core.store.decisions import record_decisions
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, add_finished_run

HOSTILE = ("<script>alert(1)</script>", "\u202eevil", "![x](http://y) $a$", 'quo"te, comma')


def test_a_file_with_several_people_comes_in_whole(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    values = {
        "text": ["a", "b", "c", "d"],
        "label": ["joy", "fear", None, "joy"],
        HOSTILE[0]: ["joy", "joy", "joy", None],
        HOSTILE[1]: [None, "fear", "joy", "sad"],
        HOSTILE[2]: ["joy", " ", "joy", "joy"],
        HOSTILE[3]: ["fear", "fear", "joy", "fear"],
    }
    pd.DataFrame(values).to_csv(source, index=False)
    columns = ColumnChoice("text", "label", annotators=HOSTILE)
    record = workspace.add_dataset(source, columns, "People", fixes=Fixes(drop_unlabelled=True))

    found = file_annotations(workspace.store, record.dataset_id)
    assert get_dataset(workspace.store, record.dataset_id).columns == columns
    # The unlabelled third row is no example; the fourth is the third one.
    assert set(found.itertuples(index=False, name=None)) == {
        (0, HOSTILE[0], "joy"), (0, HOSTILE[2], "joy"), (0, HOSTILE[3], "fear"),
        (1, HOSTILE[0], "joy"), (1, HOSTILE[1], "fear"), (1, HOSTILE[3], "fear"),
        (2, HOSTILE[1], "sad"), (2, HOSTILE[2], "joy"), (2, HOSTILE[3], "fear"),
    }  # fmt: skip
    assert len(found) == 9
    assert workspace.source_table(record.dataset_id).columns == list(values)


def test_a_correction_leaves_the_columns_of_the_people_alone(workspace: Workspace, tmp_path: Path) -> None:
    lines = [f"text {n},{CLASSES[n % 3]},{CLASSES[n % 2]},{'sad' if n == 5 else ''}\n" for n in range(24)]
    # A person whose labels share no class with the label column would be refused.
    lines[6] = f"text 6,{CLASSES[0]},,{CLASSES[0]}\n"
    source = tmp_path / "people.csv"
    source.write_text("text,label,ann,bob\n" + "".join(lines))
    columns = ColumnChoice("text", "label", annotators=("ann", "bob"))
    record = workspace.add_dataset(source, columns, "People")
    assert datasets.dataset_classes(workspace.store, record.dataset_id) == [*CLASSES, "sad"]
    run = add_finished_run(workspace, record, "Run 1")

    decision = Decision("d1", record.dataset_id, 5, "relabel", "sad", "joy", run.run_id, "eve")
    assert record_decisions(workspace.store, [decision]) == 1
    files = export_run(workspace, run.run_id, tmp_path / "out")

    lines[5] = lines[5].replace(",joy,", ",sad,")
    assert files.corrected.read_text() == "text,label,ann,bob\n" + "".join(lines)
    audit = pd.read_csv(files.audit, dtype=str)
    assert list(audit.columns[:4]) == ["text", "label", "ann", "bob"]
    assert audit.loc[5, ["given_label", "corrected_label", "bob"]].tolist() == ["joy", "sad", "sad"]
