"""For Hugging Face: a data set that ``datasets.load_from_disk`` opens, with a data card, and the way to the hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from lane_core.data.cells import printable
from lane_core.data.formats.hf_datasets import is_saved_dataset, quiet
from lane_core.data.hub import hub_errors, in_words, require_hub
from lane_core.data.presets.data_card import data_card
from lane_core.data.presets.preset import Audited
from lane_core.data.whole_files import write_whole_folder
from lane_core.errors import DataError
from lane_core.records import SPLITS

if TYPE_CHECKING:
    from datasets import DatasetDict, Features

CARD = "README.md"


def write_hugging_face(audited: Audited, folder: Path, stem: str) -> Path:
    """Write a folder with the splits train, validation and test, as far as they have examples, and a data card.

    Columns: id, text; label (as it stands after the review) and given_label (as it came), both ClassLabel with the
    project's classes in its order; label_score (0 to 1, low = likely wrong), is_label_issue and sample_weight, null for
    examples that the run does not know. A folder of that name is replaced.

    Raises:
        DataError: If there are no examples, or the place cannot be written to.
    """
    if not len(audited.frame):
        raise DataError(
            f"No example of {audited.name!r} is left for the Hugging Face data set. Export more rows."
        )
    splits = _splits(audited)

    def write(path: Path) -> None:
        with quiet():
            splits.save_to_disk(str(path))
        (path / CARD).write_text(data_card(audited, splits), encoding="utf-8")

    target = folder / f"{stem}.huggingface"
    write_whole_folder(target, write)
    return target


def push(folder: Path, repo_id: str, token: str | None = None) -> str:
    """Send a folder of ``write_hugging_face`` to the hub, as a data set that only its owner sees.

    Args:
        folder: The folder, with its data card.
        repo_id: ``owner/name`` on the hub; made if it is not there.
        token: One that may write; None = the one of ``hf auth login`` or HF_TOKEN.

    Returns:
        The address of the data set.

    Raises:
        DataError: If the folder is no such data set, or the hub cannot be reached or refuses.
    """
    if not is_saved_dataset(folder):
        raise DataError(f"{folder} is no data set that was saved for Hugging Face. Export one first.")
    require_hub(f"send {folder.name} there", "take the folder to a machine with a network")
    from datasets import load_from_disk
    from huggingface_hub import HfApi

    try:
        api = HfApi(token=token)
        made = api.create_repo(repo_id, repo_type="dataset", private=True, exist_ok=True)
        if (folder / CARD).is_file():
            # First, so that the library adds to its header where the files of each split lie.
            api.upload_file(
                path_or_fileobj=str(folder / CARD), path_in_repo=CARD, repo_id=repo_id, repo_type="dataset"
            )
        load_from_disk(str(folder.resolve())).push_to_hub(repo_id, token=token)
    except hub_errors() as error:
        raise DataError(
            f"{folder.name} cannot be sent to {repo_id} on the hub: {in_words(error)} "
            "Check the name (owner/name) and that the token may write."
        ) from error
    return str(made)


def _splits(audited: Audited) -> DatasetDict:
    from datasets import ClassLabel, Dataset, DatasetDict, DatasetInfo, Features, NamedSplit, Value

    classes = ClassLabel(names=[printable(name) for name in audited.classes])
    features = Features(
        {
            "id": Value("string"),
            "text": Value("string"),
            "label": classes,
            "given_label": classes,
            "label_score": Value("float64"),
            "is_label_issue": Value("bool"),
            "sample_weight": Value("float64"),
        }
    )
    table = _table(audited, features)
    splits = audited.frame["split"].to_numpy()
    return DatasetDict(
        {
            split: Dataset(
                table.filter(pa.array(splits == split)), DatasetInfo(features=features), NamedSplit(split)
            )
            for split in SPLITS
            if (splits == split).any()
        }
    )


def _table(audited: Audited, features: Features) -> pa.Table:
    frame = audited.frame
    codes = {name: code for code, name in enumerate(audited.classes)}

    def texts(name: str) -> list[str]:
        return [printable(str(value)) for value in frame[name]]

    def numbers(name: str) -> list[Any]:
        return [None if pd.isna(value) else value for value in frame[name].tolist()]

    values = {
        "id": texts("row_id"),
        "text": texts("text"),
        "label": [codes.get(name) for name in frame["final_label"]],
        "given_label": [codes.get(name) for name in frame["given_label"]],
        "label_score": numbers("label_score"),
        "is_label_issue": numbers("is_label_issue"),
        "sample_weight": numbers("sample_weight"),
    }
    return pa.table(values, schema=features.arrow_schema)
