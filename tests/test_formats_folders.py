"""Texts in a folder for each class, on the disk and in a zip file: read, and written back where they belong."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, examples_of, guess_columns, read_table, write_corrected
from lane_core.data.formats import class_folders, folders
from lane_core.data.formats.class_folders import find_layout
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

Files = dict[str, bytes]
NAMES = st.text("abcXYZ01 _é-", min_size=1, max_size=8).map(str.strip).filter(bool)
TREES = st.dictionaries(
    st.tuples(st.sampled_from(["joy", "anger", "fear"]), NAMES).map("/".join), st.binary(max_size=30)
).map(lambda files: {**files, "joy/one.txt": b"one", "fear/two.txt": b"two"})


def make_folder(path: Path, files: Files) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def make_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def files_in(path: Path) -> Files:
    if path.is_dir():
        return {
            found.relative_to(path).as_posix(): found.read_bytes()
            for found in path.rglob("*")
            if found.is_file()
        }
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(params=["folder", "zip"])
def make(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "folder":
        return lambda files: make_folder(tmp_path / "tree", files)
    return lambda files: make_zip(tmp_path / "tree.zip", files)


def test_a_row_for_each_file(make) -> None:
    table = read_table(
        make({"joy/2.txt": b"two\n", "joy/1.txt": b"one", "anger/x": b"grr", "README.md": b"about"})
    )
    assert table.file_format == "class_folders"
    assert table.frame.values.tolist() == [
        ["anger/x", "grr", "anger"],
        ["joy/1.txt", "one", "joy"],
        ["joy/2.txt", "two\n", "joy"],
    ]
    columns = guess_columns(table)
    assert columns == ColumnChoice("text", "label", "id", None)
    assert examples_of(table, columns).classes == ("anger", "joy")


def test_splits_and_a_folder_around_everything(make) -> None:
    files = {
        "imdb/train/pos/1.txt": b"good",
        "imdb/train/neg/1.txt": b"bad",
        "imdb/test/pos/1.txt": b"fine",
        "imdb/train/urls_pos.txt": b"http",
        "imdb/imdb.vocab": b"words",
    }
    table = read_table(make(files))
    assert table.frame[["label", "split", "text"]].values.tolist() == [
        ["pos", "test", "fine"],
        ["neg", "train", "bad"],
        ["pos", "train", "good"],
    ]
    assert guess_columns(table).split == "split"


@pytest.mark.parametrize(
    ("paths", "depth", "has_splits"),
    [
        (["joy/1", "anger/1"], 0, False),
        (["data/joy/1", "data/anger/1"], 1, False),
        (["a/b/joy/1", "a/b/anger/1", "a/notes"], 2, False),
        (["train/joy/1", "train/anger/1"], 1, True),
        (["Train/joy/1", "dev/anger/1"], 1, True),
        (["joy/more/1", "anger/1"], 0, False),
    ],
)
def test_where_the_class_stands(paths: list[str], depth: int, has_splits: bool) -> None:
    layout = find_layout(paths)
    assert layout is not None
    assert (layout.class_depth, layout.has_splits) == (depth, has_splits)


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["1.txt", "2.txt"],
        ["joy/1.txt"],
        ["train/train.txt", "test/test.txt"],
        ["data/train.parquet", "docs/README"],
        [".git/config", "joy/1"],
    ],
)
def test_what_is_no_class_folder(paths: list[str]) -> None:
    assert find_layout(paths) is None


def test_a_relabelled_file_moves_and_an_excluded_one_is_gone(make, tmp_path: Path) -> None:
    path = make(
        {
            "joy/1.txt": b"a\r\n",
            "joy/2.txt": b"b",
            "anger/1.txt": b"\xff",
            "notes.txt": b"n",
            "fear/1.txt": b"c",
        }
    )
    table = read_table(path)
    rows = {name: row for row, name in enumerate(table.values("id"), start=1)}
    labels = {rows["joy/1.txt"]: "anger", rows["fear/1.txt"]: "anger", rows["anger/1.txt"]: "grief"}
    out = tmp_path / "out" / path.name
    write_corrected(table, "label", labels, {rows["joy/2.txt"]}, out)
    assert files_in(out) == {
        "anger/1.txt": b"c",
        "anger/1_2.txt": b"a\r\n",
        "grief/1.txt": b"\xff",
        "notes.txt": b"n",
    }


@settings(max_examples=40)
@given(TREES, st.booleans(), st.data())
def test_the_tree_comes_back(files: Files, zipped: bool, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        make = make_zip if zipped else make_folder
        path = make(room / "tree", files)
        table = read_table(path)
        write_corrected(table, "label", {}, set(), room / "same")
        assert files_in(room / "same") == files
        if zipped:
            assert (room / "same").read_bytes() == path.read_bytes()
        ids = table.values("id")
        moved = data.draw(st.integers(1, len(ids)))
        write_corrected(table, "label", {moved: "awe"}, set(), room / "moved")
        name = ids[moved - 1]
        expected = {other: content for other, content in files.items() if other != name}
        assert files_in(room / "moved") == {**expected, f"awe/{name.split('/')[1]}": files[name]}


def test_the_file_itself_may_be_replaced(make) -> None:
    path = make({"joy/1.txt": b"a", "anger/1.txt": b"b"})
    write_corrected(read_table(path), "label", {1: "joy"}, set(), path)
    assert files_in(path) == {"joy/1.txt": b"a", "joy/1_2.txt": b"b"}


@pytest.mark.parametrize("label", ["a/b", "..", "x\0", "con:", " joy", "x" * 300])
def test_a_label_that_is_no_name_of_a_folder(make, tmp_path: Path, label: str) -> None:
    table = read_table(make({"joy/1.txt": b"a", "anger/1.txt": b"b"}))
    with pytest.raises(DataError, match="name of a folder"):
        write_corrected(table, "label", {1: label}, set(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_encodings(make) -> None:
    files = {f"joy/{n}.txt": f"schöne Grüße, {n} größere Übel für jeden".encode("cp1252") for n in range(5)}
    table = read_table(make({**files, "anger/8": "für".encode(), "anger/16": "für".encode("utf-16")}))
    assert table.values("text")[:2] == ["für", "für"]
    assert table.values("text")[2] == "schöne Grüße, 0 größere Übel für jeden"
    assert table.unreadable_rows == ()
    assert any("cp1252" in note for note in table.notes)


def test_an_encoding_can_be_named_and_bad_bytes_are_told(make) -> None:
    path = make({"joy/1.txt": b"f\xfcr", "anger/1.txt": b"b"})
    assert read_table(path, ReadOptions(encoding="latin-1")).values("text") == ["b", "für"]
    assert read_table(path, ReadOptions(encoding="utf-8")).unreadable_rows == (2,)
    with pytest.raises(DataError, match="no text encoding"):
        read_table(path, ReadOptions(encoding="klingon"))


def test_what_is_no_text_stays_but_is_no_row(make, tmp_path: Path) -> None:
    path = make({"joy/1.txt": b"a", "joy/p.png": b"\x89PNG\0\0", "anger/1.txt": b"b", "anger/e.txt": b""})
    table = read_table(path)
    assert table.values("id") == ["anger/1.txt", "anger/e.txt", "joy/1.txt"]
    write_corrected(table, "label", {}, {3}, tmp_path / "out")
    assert set(files_in(tmp_path / "out")) == {"anger/1.txt", "anger/e.txt", "joy/p.png"}
    with pytest.raises(DataError, match="is a text"):
        read_table(make({"joy/1.txt": b"\0", "anger/1.txt": b"\0", "anger/e.txt": b"\0"}))


def test_hidden_files_links_and_empty_folders_are_no_rows(tmp_path: Path) -> None:
    path = make_folder(
        tmp_path / "tree", {"joy/1.txt": b"a", "anger/1.txt": b"b", "joy/.DS_Store": b"x", ".git/c": b"y"}
    )
    secret = tmp_path / "secret"
    make_folder(secret, {"s.txt": b"secret"})
    (path / "joy/link.txt").symlink_to(secret / "s.txt")
    (path / "fear").symlink_to(secret)
    (path / "empty").mkdir()
    os.mkfifo(path / "joy/pipe")
    table = read_table(path)
    assert table.values("id") == ["anger/1.txt", "joy/1.txt"]
    assert any("2 symbolic links" in note for note in table.notes)
    write_corrected(table, "label", {}, set(), tmp_path / "out")
    assert files_in(tmp_path / "out") == {"joy/1.txt": b"a", "anger/1.txt": b"b"}


def test_a_huge_file_is_not_read(make, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (class_folders, folders):
        monkeypatch.setattr(module, "MAX_TEXT_BYTES", 1000)
    monkeypatch.setattr("lane_core.data.formats.zipped_class_folders.MAX_TEXT_BYTES", 1000)
    path = make({"joy/1.txt": b"a", "anger/big.txt": b"b" * 2000})
    with pytest.raises(DataError, match=r"big\.txt.*too much for one text"):
        read_table(path)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_FILES", 2)
    path = make_folder(tmp_path / "tree", {"joy/1": b"a", "joy/2": b"a", "anger/1": b"b"})
    with pytest.raises(DataError, match="more than 2 files"):
        read_table(path)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no files"),
        ({"train.csv": b"a,b", "x/test.csv": b"a,b"}, r"holds train\.csv, x/test\.csv. Choose one"),
        ({"a.bin": b"1"}, "no folder for each class"),
    ],
)
def test_other_folders_are_refused(tmp_path: Path, files: Files, said: str) -> None:
    (tmp_path / "tree").mkdir()
    with pytest.raises(DataError, match=said):
        read_table(make_folder(tmp_path / "tree", files))
