"""Files that people take for tables and that cannot be read: what each is, and what to do about it."""

from __future__ import annotations

import re

from lane_core.data.formats.content import Data
from lane_core.errors import DataError

READABLE = (
    "Files that can be read: CSV, tab-separated (.tsv), JSON (.json), JSON Lines (.jsonl), Parquet, "
    "Arrow (.arrow, .feather), Excel (.xlsx), and each of them as .gz or in a .zip"
)
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
"""Control characters that no text holds."""
_AS_TABLE = "Save it as CSV in UTF-8 or as .xlsx."
_UNPACK = "Unpack it, or pack it as .gz or .zip."
_BINARY = (
    (b"%PDF-", "a PDF file", "Copy its table to CSV in UTF-8."),
    (b"PARE", "an encrypted Parquet file", "Write it without encryption."),
    (b"FEA1", "a Feather file of the first version", "Write it as Feather version 2 or as Parquet."),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ\0", "an xz file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR file", _UNPACK),
    (b"PK\x07\x08", "one part of a zip file that was split", "Join the parts first."),
    (b"SQLite format 3\0", "an SQLite database", "Export its table as CSV in UTF-8."),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "Save the table as Parquet."),
    (b"\x93NUMPY", "a NumPy array", "Save texts and labels together as CSV or Parquet."),
    (b"Obj\x01", "an Avro file", "Save it as Parquet or JSON Lines."),
    (b"ORC", "an ORC file", "Save it as Parquet."),
    (b"\x80\x03", "a pickle file", "Pickles can run programs and are never read. Save it as Parquet."),
    (b"\x80\x04", "a pickle file", "Pickles can run programs and are never read. Save it as Parquet."),
    (b"\x80\x05", "a pickle file", "Pickles can run programs and are never read. Save it as Parquet."),
    (b"\x89PNG\r\n", "an image", "Choose a file with texts and labels."),
    (b"\xff\xd8\xff", "an image", "Choose a file with texts and labels."),
    (b"GIF8", "an image", "Choose a file with texts and labels."),
)
_WRITTEN = (
    (b"version https://git-lfs", "only a pointer of Git LFS, not the file itself", "Run: git lfs pull"),
    (b"<!doctype html", "a web page", "Open it in a spreadsheet program, and save it as .xlsx or CSV."),
    (b"<html", "a web page", "Open it in a spreadsheet program, and save it as .xlsx or CSV."),
    (b"<?xml", "an XML file", _AS_TABLE),
    (b"{\\rtf", "a rich text document", _AS_TABLE),
)
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")


def refuse_foreign(data: Data, name: str) -> None:
    """Raise DataError if the bytes are those of a kind of file that cannot be read."""
    head = bytes(data[:512])
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        _refuse_old_office(data, name)
    if head[257:262] == b"ustar":
        raise DataError(f"{name} holds a tar archive. {_UNPACK}")
    is_binary = NO_TEXT.search(head) is not None  # a few letters may begin a text too
    for start, kind, remedy in _BINARY:
        if head.startswith(start) and (is_binary or not start.isalnum()):
            raise DataError(f"{name} is {kind}. {remedy}")
    written = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, kind, remedy in _WRITTEN:
        if written.startswith(start):
            raise DataError(f"{name} is {kind}. {remedy}")


def refuse_office(names: set[str], name: str) -> None:
    """Raise DataError if the members of a zip file say that it is a document that cannot be read."""
    if "xl/workbook.bin" in names:
        raise DataError(f"{name} is a binary Excel workbook (.xlsb). Save it as .xlsx.")
    if any(
        member.startswith(("Index/", "Index.zip")) and member.endswith((".iwa", ".zip")) for member in names
    ):
        raise DataError(f"{name} is a document of Numbers or Pages. Export it as .xlsx or CSV.")
    if {"mimetype", "content.xml"} <= names:
        raise DataError(f"{name} is an OpenDocument file (.ods). Save it as .xlsx or CSV.")
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise DataError(f"{name} is a Word or PowerPoint document. Copy its table to a workbook or to CSV.")
    if "[Content_Types].xml" in names and "xl/workbook.xml" not in names:
        raise DataError(
            f"{name} is a damaged workbook, or another Office document: it holds no xl/workbook.xml. "
            "Open it in a spreadsheet program and save it as .xlsx again."
        )


def _refuse_old_office(data: Data, name: str) -> None:
    if data.find(_ENCRYPTED_OFFICE) >= 0:
        raise DataError(f"{name} is protected by a password. Save it as .xlsx without one.")
    raise DataError(
        f"{name} is an old Excel workbook (.xls) or another old Office document. Save it as .xlsx."
    )
