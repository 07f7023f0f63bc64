"""Folders that save_to_disk wrote: read with their splits and class names, and written back as load_from_disk reads."""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value, load_from_disk
from hypothesis import given, settings
from hypothesis import strategies as st

import lane_core.data
from lane_core.data import ReadOptions, examples_of, guess_columns, read_table, write_corrected
from lane_core.data.checking.fixes import Fixes
from lane_core.data.formats.hf_datasets import quiet
from lane_core.errors import DataError

FEATURES = Features(
    {
        "id": Value("string"),
        "text": Value("large_string"),
        "mood": ClassLabel(names=["joy", "anger", "fear"]),
        "extra": {"n": Value("int32"), "scores": List(Value("float32"))},
    }
)


def split_of(labels: list[int], start: int = 0, name: str = "train") -> Dataset:
    size = range(start, start + len(labels))
    return Dataset.from_dict(
        {
            "id": [f"{n:03}" for n in size],
            "text": [f"text {n}" for n in size],
            "mood": labels,
            "extra": [{"n": n, "scores": [0.5] * (n % 3)} for n in size],
        },
        features=FEATURES,
        split=name,
    )


def save(dataset: Dataset | DatasetDict, path: Path) -> Path:
    with quiet():
        dataset.save_to_disk(str(path))
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save(
        DatasetDict(
            train=split_of([0, 1, 2, 0]),
            validation=split_of([2, -1], 4, "validation"),
            test=split_of([1], 6, "test"),
        ),
        tmp_path / "moods",
    )


def files_in(path: Path) -> dict[str, bytes]:
    return {
        found.relative_to(path).as_posix(): found.read_bytes() for found in path.rglob("*") if found.is_file()
    }


def test_all_splits_are_one_table(saved: Path) -> None:
    table = read_table(saved)
    assert table.file_format == "huggingface"
    assert table.columns == ["id", "text", "mood", "extra", "split"]
    assert table.values("id") == [f"{n:03}" for n in range(7)]
    assert table.values("mood") == [0, 1, 2, 0, 2, -1, 1]
    assert table.values("extra")[4] == {"n": 4, "scores": [0.5]}
    assert table.values("split") == ["train"] * 4 + ["validation"] * 2 + ["test"]
    assert table.class_names == {"mood": ("joy", "anger", "fear")}
    assert table.parts == ("train", "validation", "test")


def test_columns_and_names_are_guessed(saved: Path) -> None:
    table = read_table(saved)
    columns = guess_columns(table)
    assert (columns.text, columns.label, columns.example_id, columns.split) == ("text", "mood", "id", "split")
    found = examples_of(table, columns, Fixes(drop_unlabelled=True))
    assert found.classes == ("joy", "anger", "fear")
    assert found.frame["given_label"].tolist() == ["joy", "anger", "fear", "joy", "fear", "anger"]
    assert found.frame["split"].tolist() == ["train"] * 4 + ["validation", "test"]


def test_one_split(saved: Path, tmp_path: Path) -> None:
    table = read_table(saved, ReadOptions(part="validation"))
    assert table.columns == ["id", "text", "mood", "extra"]
    assert table.values("id") == ["004", "005"]
    assert table.parts == ("validation", "train", "test")
    write_corrected(table, "mood", {2: "joy"}, set(), tmp_path / "out", table.class_names["mood"])
    written = load_from_disk(tmp_path / "out")
    assert written["validation"]["mood"][:] == [2, 0]
    assert written["train"].to_list() == load_from_disk(saved)["train"].to_list()


def test_a_data_set_without_splits(tmp_path: Path) -> None:
    table = read_table(save(split_of([0, 1, 2]), tmp_path / "one"))
    assert table.columns == ["id", "text", "mood", "extra"]
    assert table.parts == ()
    write_corrected(table, "mood", {3: "joy"}, {1}, tmp_path / "out", table.class_names["mood"])
    written = load_from_disk(tmp_path / "out")
    assert written.features == FEATURES
    assert written["id"][:] == ["001", "002"]
    assert written["mood"][:] == [1, 0]


def test_a_column_named_split_keeps_its_name(tmp_path: Path) -> None:
    named = Dataset.from_dict({"text": ["a", "b"], "label": ["x", "y"], "split": ["dev", "train"]})
    table = read_table(save(DatasetDict(train=named), tmp_path / "named"))
    assert table.columns == ["text", "label", "split", "dataset_split"]
    assert table.values("dataset_split") == ["train", "train"]


def test_without_decisions_every_byte_stays(saved: Path, tmp_path: Path) -> None:
    (saved / "README.md").write_text("about")
    write_corrected(read_table(saved), "mood", {}, set(), tmp_path / "out", ("joy", "anger", "fear"))
    assert files_in(tmp_path / "out") == files_in(saved)


def test_decisions_change_their_cells_alone(saved: Path, tmp_path: Path) -> None:
    (saved / "README.md").write_text("about")
    table, before = read_table(saved), load_from_disk(saved)
    write_corrected(table, "mood", {1: "fear", 2: "anger"}, {3}, tmp_path / "out", table.class_names["mood"])
    after = load_from_disk(tmp_path / "out")
    expected = before["train"].to_list()
    expected[0]["mood"] = 2
    del expected[2]
    assert after["train"].to_list() == expected
    assert list(after) == list(before)
    assert after["train"].features == FEATURES
    assert str(after["train"].split) == "train"
    changed = {name for name, data in files_in(tmp_path / "out").items() if data != files_in(saved)[name]}
    assert {name.split("/")[0] for name in changed} == {"train"}


def test_a_new_class_is_added_to_the_list_of_every_split(saved: Path, tmp_path: Path) -> None:
    table = read_table(saved)
    write_corrected(table, "mood", {7: "grief", 1: "awe"}, set(), tmp_path / "out", table.class_names["mood"])
    written = load_from_disk(tmp_path / "out")
    assert {tuple(part.features["mood"].names) for part in written.values()} == {
        ("joy", "anger", "fear", "awe", "grief")
    }
    assert written["test"]["mood"][:] == [4]
    assert written["train"]["mood"][:] == [3, 1, 2, 0]


def test_a_split_may_lose_all_its_rows(saved: Path, tmp_path: Path) -> None:
    write_corrected(read_table(saved), "mood", {}, {7}, tmp_path / "out", ("joy", "anger", "fear"))
    assert {name: len(part) for name, part in load_from_disk(tmp_path / "out").items()} == {
        "train": 4,
        "validation": 2,
        "test": 0,
    }
    assert read_table(tmp_path / "out").num_rows == 6


def test_the_folder_itself_may_be_replaced(saved: Path) -> None:
    table = read_table(saved)
    write_corrected(table, "mood", {1: "fear"}, set(), saved, table.class_names["mood"])
    assert load_from_disk(saved)["train"]["mood"][:] == [2, 1, 2, 0]


def test_labels_as_text_and_as_numbers(tmp_path: Path) -> None:
    plain = Dataset.from_dict({"text": ["a", "b"], "label": ["x", "y"], "code": [10, 20]})
    table = read_table(save(plain, tmp_path / "plain"))
    write_corrected(table, "label", {1: "new"}, set(), tmp_path / "out")
    assert load_from_disk(tmp_path / "out")["label"][:] == ["new", "y"]
    write_corrected(table, "code", {1: "30"}, set(), tmp_path / "out")
    assert load_from_disk(tmp_path / "out")["code"][:] == [30, 20]
    with pytest.raises(DataError, match="cannot take a new label"):
        write_corrected(table, "code", {1: "thirty"}, set(), tmp_path / "out")
    assert load_from_disk(tmp_path / "out")["code"][:] == [30, 20]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(
    st.tuples(st.none() | TEXTS, st.sampled_from([0, 1, 2, -1, None]), st.none() | st.floats()), min_size=1
)


@settings(max_examples=8)
@given(st.dictionaries(st.sampled_from(["train", "test", "odd"]), ROWS, min_size=1), st.data())
def test_cells_come_back(splits: dict[str, list[tuple]], data: st.DataObject) -> None:
    features = Features({"text": Value("string"), "label": FEATURES["mood"], "Straße [1]": Value("float64")})
    sets = {
        name: Dataset.from_dict(
            dict(zip(features, map(list, zip(*rows, strict=True)), strict=True)), features=features
        )
        for name, rows in splits.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = save(DatasetDict(sets), Path(folder) / "in")
        table = read_table(path)
        cells = [row for rows in splits.values() for row in rows]
        assert table.values("text") == [text for text, _, _ in cells]
        assert table.values("label") == [label for _, label, _ in cells]
        row = data.draw(st.integers(1, len(cells)))
        gone = data.draw(st.sets(st.integers(1, len(cells)).filter(lambda other: other != row), max_size=2))
        write_corrected(table, "label", {row: "anger"}, gone, Path(folder) / "out", ("joy", "anger", "fear"))
        written = load_from_disk(Path(folder) / "out")
        found = [
            tuple(values.values())
            for name in splits
            for values in written[name].select_columns(list(features)).to_list()
        ]
        expected = [
            (text, 1 if number == row else label, other)
            for number, (text, label, other) in enumerate(cells, start=1)
            if number not in gone
        ]
        assert repr(found) == repr(expected)  # so that not-a-number equals itself
        assert all(part.features == features for part in written.values())


def damage(path: Path, name: str, content: str | bytes) -> Path:
    (path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("dataset_dict.json", "{", "does not say which splits"),
        ("dataset_dict.json", '{"splits": []}', "has no splits"),
        ("dataset_dict.json", '{"splits": ["../moods/train"]}', "not in the folder"),
        ("dataset_dict.json", '{"splits": ["train", "gone"]}', "damaged part"),
        ("dataset_dict.json", "[" * 100_000, "does not say which splits"),
        ("train/state.json", "[]", "damaged part"),
        ("train/state.json", '{"_data_files": [{"filename": "../../../etc/passwd"}]}', "not in the folder"),
        ("train/dataset_info.json", '{"features": {"text": {"_type": "Nonsense"}}}', "damaged part"),
        ("train/data-00000-of-00001.arrow", b"", "damaged part"),
        ("train/data-00000-of-00001.arrow", b"ARROW1 and nonsense", "damaged part"),
    ],
)
def test_damaged_folders(saved: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_table(damage(saved, name, content))


def test_a_file_that_was_cut_off(saved: Path) -> None:
    arrow = saved / "train/data-00000-of-00001.arrow"
    arrow.write_bytes(arrow.read_bytes()[: arrow.stat().st_size // 2])
    with pytest.raises(DataError, match="damaged part"):
        read_table(saved)


def test_splits_that_do_not_fit_together(tmp_path: Path) -> None:
    path = save(DatasetDict(train=split_of([0]), test=split_of([1])), tmp_path / "odd")
    shutil.rmtree(path / "test")
    save(Dataset.from_dict({"text": ["a"], "other": [1]}), path / "test")
    with pytest.raises(DataError, match="do not have the same columns"):
        read_table(path)
    assert read_table(path, ReadOptions(part="test")).columns == ["text", "other"]


def test_no_such_split_and_no_rows(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no split 'dev'. It has: train, validation, test"):
        read_table(saved, ReadOptions(part="dev"))
    empty = save(DatasetDict(train=split_of([0])), tmp_path / "empty")
    write_corrected(read_table(empty), "mood", {}, {1}, tmp_path / "none", ("joy", "anger", "fear"))
    with pytest.raises(DataError, match="but no rows"):
        read_table(tmp_path / "none")


def test_the_split_is_no_label_column(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is the split of moods"):
        write_corrected(read_table(saved), "split", {1: "test"}, set(), tmp_path / "out")


def test_state_is_json_that_others_read(saved: Path, tmp_path: Path) -> None:
    write_corrected(read_table(saved), "mood", {1: "fear"}, set(), tmp_path / "out", ("joy", "anger", "fear"))
    state = json.loads((tmp_path / "out/train/state.json").read_text())
    assert (state["_split"], state["_format_type"]) == ("train", None)


def test_datasets_is_loaded_only_when_it_is_needed() -> None:
    folder = Path(lane_core.data.__file__).parent
    at_once = [
        path.name
        for path in folder.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if name.split(".")[0] in ("datasets", "huggingface_hub")
    ]
    assert at_once == []
