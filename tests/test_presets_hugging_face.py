"""The Hugging Face export: what load_from_disk opens, its card, and the way to the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pandas as pd
import pytest
from datasets import ClassLabel, DatasetDict, load_from_disk
from huggingface_hub import DatasetCard

from lane_core.data import guess_columns, read_table
from lane_core.data.presets import hugging_face
from lane_core.data.presets.hugging_face import push, write_hugging_face
from lane_core.data.presets.preset import Audited
from lane_core.errors import DataError

CLASSES = ("joy", "an|ger", "fear")
MANIFEST = {
    "source": "posts [v2].csv",
    "source_sha256": "ab" * 32,
    "num_rows": 1234,
    "num_flagged": 2,
    "strictness": "balanced",
    "estimated_noise_rate": 0.125,
    "decisions": {"keep": 1, "relabel": 1, "exclude": 0, "flag": 0},
    "lane_audit_version": "1.2.3",
}


def audited(**changes: Any) -> Audited:
    frame = pd.DataFrame(
        {
            "index": [0, 1, 2, 3],
            "text": pd.Series(["a", "b \ud83d", "c\nc", ""], dtype=object),
            "split": ["train", "test", "train", "validation"],
            "row_id": ["001", "002", "003", "004"],
            "given_label": ["joy", "fear", "joy", "an|ger"],
            "final_label": ["fear", "fear", "joy", "an|ger"],
            "label_score": [0.25, None, 0.875, 0.5],
            "is_label_issue": pd.array([True, None, False, True], "boolean"),
            "sample_weight": [0.1, None, 1.0, 0.7],
        }
    )
    values: dict[str, Any] = {"name": "Posts *2*", "classes": CLASSES, "frame": frame, "manifest": MANIFEST}
    return Audited(**{**values, "annotations": pd.DataFrame(), "dynamics": pd.DataFrame(), **changes})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_hugging_face(audited(), tmp_path, "posts")


def test_load_from_disk_opens_it(written: Path) -> None:
    assert written.name == "posts.huggingface"
    found = load_from_disk(written)
    assert list(found) == ["train", "validation", "test"]
    assert found["train"].to_list() == [
        {
            "id": "001", "text": "a", "label": 2, "given_label": 0, "label_score": 0.25, "is_label_issue": True,
            "sample_weight": 0.1,
        },
        {
            "id": "003", "text": "c\nc", "label": 0, "given_label": 0, "label_score": 0.875, "is_label_issue": False,
            "sample_weight": 1.0,
        },
    ]  # fmt: skip
    assert found["test"].to_list() == [
        {
            "id": "002", "text": "b \ufffd", "label": 2, "given_label": 2, "label_score": None, "is_label_issue": None,
            "sample_weight": None,
        }
    ]  # fmt: skip
    for name in ("label", "given_label"):
        assert found["test"].features[name] == ClassLabel(names=list(CLASSES))
    assert str(found["validation"].split) == "validation"


def test_it_can_be_imported_again(written: Path) -> None:
    table = read_table(written)
    columns = guess_columns(table)
    assert (columns.text, columns.label, columns.example_id, columns.split) == (
        "text",
        "label",
        "id",
        "split",
    )
    assert columns.class_names == CLASSES


def test_the_card(written: Path) -> None:
    card = DatasetCard.load(written / "README.md")
    header = card.data.to_dict()
    assert header["pretty_name"] == "Posts *2*"
    assert header["size_categories"] == ["n<1K"]
    assert header["task_categories"] == ["text-classification"]
    features = {feature["name"]: feature["dtype"] for feature in header["dataset_info"]["features"]}
    assert features["label"] == {"class_label": {"names": {"0": "joy", "1": "an|ger", "2": "fear"}}}
    assert features["is_label_issue"] == "bool"
    assert "# Posts \\*2\\*" in card.text
    assert "| train | 2 | 1 | 1 |" in card.text
    assert "| test | 1 | 0 | 0 |" in card.text
    assert "joy, an\\|ger, fear." in card.text
    assert "- File that came in: posts \\[v2\\].csv" in card.text
    assert "- Rows in it: 1,234" in card.text
    assert "- Labels flagged: 2, balanced" in card.text
    assert "(too low if labels were corrected before it): 12.5%" in card.text
    assert "- Decisions of people: 1 kept as it was, 1 given another label" in card.text
    assert "**The scores are in-sample.**" in card.text


def test_a_card_without_a_run(tmp_path: Path) -> None:
    path = write_hugging_face(audited(manifest={}), tmp_path, "posts")
    text = (path / "README.md").read_text()
    assert "Decisions of people: none" in text
    assert "Epochs" not in text
    assert "None" not in text


def test_it_is_replaced_whole(written: Path, tmp_path: Path) -> None:
    frame = audited().frame
    write_hugging_face(audited(frame=frame[frame["split"] == "test"]), tmp_path, "posts")
    assert list(load_from_disk(written)) == ["test"]
    assert [path.name for path in tmp_path.iterdir()] == ["posts.huggingface"]


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No example"):
        write_hugging_face(audited(frame=audited().frame.iloc[:0]), tmp_path, "posts")


class StandIn:
    """A hub that remembers what it was sent, or refuses it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refusal: Exception | None = None) -> None:
        self.sent: list[tuple[Any, ...]] = []
        hub = self

        class Api:
            def __init__(self, token: str | None) -> None:
                self.token = token

            def create_repo(self, repo_id: str, **options: Any) -> str:
                if refusal is not None:
                    raise refusal
                hub.sent.append(("made", repo_id, self.token, options["private"], options["repo_type"]))
                return f"https://hub/datasets/{repo_id}"

            def upload_file(self, path_or_fileobj: str, path_in_repo: str, **_: Any) -> None:
                hub.sent.append(("file", path_in_repo, Path(path_or_fileobj).read_bytes()))

        def push_to_hub(data: DatasetDict, repo_id: str, token: str | None) -> None:
            hub.sent.append(("data", repo_id, token, {name: len(part) for name, part in data.items()}))

        monkeypatch.setattr(hugging_face, "require_hub", lambda *_: None)
        monkeypatch.setattr(huggingface_hub, "HfApi", Api)
        monkeypatch.setattr(datasets.DatasetDict, "push_to_hub", push_to_hub)


def test_it_is_sent_to_the_hub(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = StandIn(monkeypatch)
    assert push(written, "me/posts", token="secret") == "https://hub/datasets/me/posts"
    assert hub.sent == [
        ("made", "me/posts", "secret", True, "dataset"),
        ("file", "README.md", (written / "README.md").read_bytes()),
        ("data", "me/posts", "secret", {"train": 2, "validation": 1, "test": 1}),
    ]


def test_the_hub_refuses(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    StandIn(monkeypatch, OSError("403 Forbidden: no such token"))
    with pytest.raises(DataError, match=r"me/posts.*403 Forbidden.*token may write"):
        push(written, "me/posts")


def test_no_hub_and_no_data_set(written: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="HF_HUB_OFFLINE"):
        push(written, "me/posts")
    with pytest.raises(DataError, match="no data set that was saved"):
        push(tmp_path, "me/posts")
