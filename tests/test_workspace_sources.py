"""What is kept of an import: the file or the folder as it came, under the suffixes that say what it is."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from lane_core.data import ReadOptions, file_sha256
from lane_core.records import ColumnChoice
from lane_core.workspace import Workspace

CSV = (
    "text,label\n" + "".join(f"text number {row},{'joy' if row % 2 else 'fear'}\n" for row in range(20))
).encode()
COLUMNS = ColumnChoice("text", "label")


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("other.csv", b"text,label\na,b\n")
        archive.writestr("data.csv", content)
    return stream.getvalue()


def workbook(content: bytes) -> bytes:
    stream = io.BytesIO()
    pd.read_csv(io.BytesIO(content)).to_excel(stream, index=False)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "options", "stored"),
    [
        ("reviews.v2.csv.gz", gzip.compress(CSV, mtime=0), ReadOptions(), "source.csv.gz"),
        ("reviews.zip", zipped(CSV), ReadOptions(part="data.csv"), "source.zip"),
        ("reviews.xlsx", workbook(CSV), ReadOptions(), "source.xlsx"),
        ("reviews.XLSX", CSV, ReadOptions(), "source.XLSX"),
        ("reviews", CSV, ReadOptions(), "source"),
    ],
)
def test_a_file_is_kept_as_it_came(
    workspace: Workspace, tmp_path: Path, name: str, content: bytes, options: ReadOptions, stored: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    record = workspace.add_dataset(path, COLUMNS, "P", options=options)
    assert (workspace.home.datasets / record.dataset_id / stored).read_bytes() == content
    assert record.source_sha256 == hashlib.sha256(content).hexdigest()
    table = workspace.source_table(record.dataset_id)
    assert table.values("text") == [f"text number {row}" for row in range(20)]


def test_a_folder_is_kept_without_links_and_hidden_files(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    for label in ("joy", "fear"):
        (folder / label).mkdir(parents=True)
        for number in range(6):
            (folder / label / f"{number}.txt").write_text(f"text {number} of {label}")
    (tmp_path / "secret.txt").write_text("secret")
    fingerprint = file_sha256(folder)
    (folder / "joy" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x").write_text("x")
    assert file_sha256(folder) == fingerprint

    record = workspace.add_dataset(folder, ColumnChoice("text", "label", "id"), "P")
    stored = workspace.home.datasets / record.dataset_id / "source"
    assert sorted(path.name for path in stored.iterdir()) == ["fear", "joy"]
    assert len(list(stored.rglob("*.txt"))) == 12
    assert file_sha256(stored) == record.source_sha256 == fingerprint
    assert workspace.source_table(record.dataset_id).num_rows == 12

    (folder / "joy" / "0.txt").write_text("another text")
    assert file_sha256(folder) != fingerprint
