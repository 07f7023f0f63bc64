"""Data sets by name: what a person types, local folders laid out like the hub's, and a hub that cannot be reached."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import Dataset, DatasetDict, load_from_disk
from huggingface_hub import constants

from lane_core.data import fetch, hub, read_hub, read_table
from lane_core.errors import DataError

CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': neg
          '1': pos
---
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a clone of a data set of the hub."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "reviews"
    (path / "data").mkdir(parents=True)
    (path / "README.md").write_text(CARD)
    (path / "data/train.csv").write_text("text,label\nbad,0\nfine,1\n")
    (path / "data/test.csv").write_text("text,label\ngood,1\n")
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What a hub that has everything was asked for."""
    calls: list[tuple[Any, ...]] = []

    def load(name: str, config: str | None, **options: Any) -> Dataset | DatasetDict:
        calls.append((name, config, options["split"], options["revision"]))
        found = Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
        return found if options["split"] else DatasetDict(train=found)

    monkeypatch.setattr(hub, "require_hub", lambda *_: None)
    monkeypatch.setattr(datasets, "load_dataset", load)
    return calls


def test_a_folder_of_the_hubs_layout_is_put_together(clone: Path, tmp_path: Path) -> None:
    found = fetch(str(clone), tmp_path / "into")
    assert found.parent == tmp_path / "into"
    assert [path.name for path in found.parent.iterdir()] == ["reviews"]  # no cache is left
    table = read_table(found)
    assert table.frame.values.tolist() == [["bad", 0, "train"], ["fine", 1, "train"], ["good", 1, "test"]]
    assert table.class_names == {"label": ("neg", "pos")}
    assert list(load_from_disk(found)) == ["train", "test"]


def test_one_split_of_it(clone: Path, tmp_path: Path) -> None:
    assert read_hub(str(clone), tmp_path, split="test").values("text") == ["good"]
    with pytest.raises(DataError, match=r"split 'dev'.*Unknown split"):
        read_hub(str(clone), tmp_path, split="dev")
    with pytest.raises(DataError, match=r"configuration 'plain'.*not found"):
        read_hub(str(clone), tmp_path, config="plain")


def test_paths_stand_for_themselves(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,label\na,b\n")
    assert fetch(f" {file} ", tmp_path / "into") == file
    tree = tmp_path / "tree"
    for name in ("joy", "anger"):
        (tree / name).mkdir(parents=True)
        (tree / name / "1.txt").write_text("a")
    assert fetch(str(tree), tmp_path / "into") == tree
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize(
    ("text", "call", "folder"),
    [
        ("hf:owner/name", ("owner/name", None, None, None), "name"),
        (" hf:imdb", ("imdb", None, None, None), "imdb"),
        ("hf:owner/name@test", ("owner/name", None, "test", None), "name_test"),
        ("hf:nyu-mll/glue:sst2", ("nyu-mll/glue", "sst2", None, None), "glue_sst2"),
        ("hf:a/b:c@train[:10%]", ("a/b", "c", "train[:10%]", None), "b_c_train_10"),
    ],
)
def test_what_is_asked_of_the_hub(
    asked: list[tuple[Any, ...]], tmp_path: Path, text: str, call: tuple[Any, ...], folder: str
) -> None:
    assert fetch(text, tmp_path) == tmp_path / folder
    assert asked == [call]
    assert read_table(tmp_path / folder).values("text") == ["a", "b"]


def test_it_can_be_fetched_again(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    assert read_hub("a/b", tmp_path, revision="v1").num_rows == 2
    assert read_hub("a/b", tmp_path).num_rows == 2
    assert [revision for *_, revision in asked] == ["v1", None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hf:a/b/c", "no name of a data set"),
        ("hf:", "no name of a data set"),
        ("hf:../../etc", "no name of a data set"),
        ("", "no file or folder"),
        ("/nowhere/at/all.csv", "no file or folder"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        fetch(text, tmp_path)


def test_a_hub_that_is_switched_off_is_not_asked(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataError, match="HF_HUB_OFFLINE"):
        fetch("hf:owner/name", tmp_path)
    assert time.monotonic() - started < 2


def switch_on(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let the hub be on this machine."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")


def test_nobody_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    switch_on(monkeypatch, port)
    with pytest.raises(DataError, match="does not answer"):
        fetch("hf:owner/name", tmp_path)


def test_a_hub_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        switch_on(monkeypatch, silent.getsockname()[1])
        started = time.monotonic()
        with pytest.raises(DataError, match="does not answer"):
            fetch("hf:owner/name", tmp_path)
        assert time.monotonic() - started < 5
