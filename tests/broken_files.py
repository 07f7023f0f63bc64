"""Files that cannot be audited: what is broken, how it is made, and what a person is told about it."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from lane_core.data import ReadOptions
from lane_core.records import ColumnChoice
from tests.broken_bytes import (
    CSV,
    ENTITIES,
    MACROS,
    OLE,
    ROWS,
    SHEET,
    TABLE,
    Link,
    Made,
    always,
    arrow,
    arrow_stream,
    encrypted_zip,
    endless_text,
    lines,
    long_names,
    lying_zip,
    no_rows,
    overlapping_zip,
    parquet,
    patched,
    rows,
    saved_folder,
    tar_in_gzip,
    wild_offsets,
    workbook,
    wrong_footer,
    zeros_in_gzip,
    zeros_in_zip,
    zipped,
)
from tests.tool_exports import PRODIGY_CHOICE, annotation, as_json, as_lines, task

COLUMNS = ColumnChoice("text", "label")


class Broken(NamedTuple):
    """A broken file."""

    name: str
    make: Callable[[], Made]
    """Gives its bytes, the files of a folder, or None where ``place`` makes it."""
    said: tuple[str, ...]
    """What the message holds beside the name."""
    options: ReadOptions = ReadOptions()
    columns: ColumnChoice = COLUMNS


def place(broken: Broken, folder: Path) -> Path:
    """Make the broken file in a folder."""
    path, made = folder / broken.name, broken.make()
    if isinstance(made, bytes):
        path.write_bytes(made)
    elif made is not None:
        path.mkdir()
        for name, content in made.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Link):
                (path / name).symlink_to(content)
            else:
                (path / name).write_bytes(content)
    elif broken.name.startswith("pipe"):
        os.mkfifo(path)
    elif broken.name.startswith("loop"):
        path.symlink_to(broken.name)
    return path


GZIP = gzip.compress(CSV)
ZIP = zipped(("a.csv", CSV), compression=zipfile.ZIP_STORED)
UTF16 = b"\xff\xfe" + CSV.decode().encode("utf-16-le")
SPANS = [{"from_name": "ner", "to_name": "text", "type": "labels", "value": {"labels": ["PER"]}}]
STATE = "train/state.json"
SHARD = "train/data-00000-of-00001.arrow"
DEEP = 100_000

CONTAINERS = {
    "gzip cut off": Broken("a.csv.gz", always(GZIP[:-20]), ("is cut off", "download it again")),
    "gzip with junk behind": Broken("a.csv.gz", always(GZIP + b"junk"), ("is damaged",)),
    "gzip with a wrong checksum": Broken("a.csv.gz", always(patched(GZIP, -8, b"\1\2\3\4")), ("is damaged",)),
    "gzip of nothing": Broken("a.csv.gz", always(gzip.compress(b"")), ("holds an empty file",)),
    "gzip in gzip": Broken("a.csv.gz.gz", always(gzip.compress(GZIP)), ("an archive inside an archive",)),
    "tar in gzip": Broken("a.tar.gz", tar_in_gzip, ("a tar archive", "Unpack it")),
    "gzip bomb": Broken("a.csv.gz", zeros_in_gzip, ("unpacks to more than 1,000 times",)),
    "zip cut off": Broken("a.zip", always(ZIP[:-30]), ("is a damaged zip file", "download it again")),
    "zip with a wrong checksum": Broken("a.zip", always(ZIP.replace(b"number 7", b"number 8")), ("'a.csv'", "CRC")),
    "zip of nothing": Broken("a.zip", always(zipped()), ("holds no file", "It holds: nothing")),
    "zip without a table": Broken("a.zip", always(zipped(("x.png", b"1"), ("y.exe", b"2"))), ("x.png, y.exe",)),
    "zip of an empty file": Broken("a.zip", always(zipped(("a.csv", b"\n"))), ("'a.csv' in a.zip is empty",)),
    "zip in zip": Broken("a.zip", always(zipped(("b.zip", ZIP))), ("an archive inside an archive",)),
    "zip with a password": Broken("a.zip", encrypted_zip, ("is protected by a password",)),
    "zip that leads up": Broken("a.zip", always(zipped(("../../a.csv", CSV))), ("leads out of its folder",)),
    "zip with an absolute name": Broken("a.zip", always(zipped(("/etc/a.csv", CSV))), ("leads out of its folder",)),
    "zip with a drive": Broken("a.zip", always(zipped(("C:\\a.csv", CSV))), ("leads out of its folder",)),
    "zip bomb": Broken("a.zip", zeros_in_zip, ("unpacks to more than 1,000 times",)),
    "zip bomb in a zip": Broken(
        "a.zip", lambda: zipped(*((f"{number}.zip", zipped(("a.zip", ZIP))) for number in range(16))),
        ("holds no file that can be read as a table",),
    ),
    "zip bomb that lies": Broken("a.zip", lying_zip, ("'a.csv' in a.zip cannot be unpacked",)),
    "zip of overlapping files": Broken("a.zip", overlapping_zip, ("cannot be unpacked",)),
}  # fmt: skip
TEXT = {
    "UTF-8 declared as UTF-16": Broken("a.csv", always(CSV + b"x"), ("another encoding",), ReadOptions("utf-16")),
    "UTF-16 cut inside a character": Broken("a.csv", always(UTF16[:-1]), ("is not utf-16-le text",)),
    "UTF-32 beyond Unicode": Broken("a.csv", always(b"\xff\xfe\0\0" + b"\xff" * 400), ("Save it as UTF-8",)),
    "NUL bytes": Broken("a.csv", always(CSV.replace(b"number 7", b"num\0er 7")), ("Line 9 of a.csv holds a NUL",)),
    "binary junk": Broken("a.csv", always(bytes(range(256)) * 50), ("NUL byte",)),
    "binary junk without NUL": Broken("a.csv", always(bytes(range(128, 256)) * 9000), ("another encoding",)),
    "rows with more cells": Broken("a.csv", always(CSV + b"a,b,c\n"), ("Row 41 of a.csv (line 42) has 3 cells",)),
    "rows with fewer cells": Broken("a.csv", always(CSV + b"a\n"), ("Row 41 of a.csv (line 42) has 1 cell",)),
    "an open quote": Broken("a.csv", always(CSV + b'"a,joy\n' + ROWS), ("opened in row 41", "never closed")),
    "an open quote before 30 MB": Broken("a.csv", lambda: CSV + b'"' + ROWS * 40_000, ("Row 41", "never closed")),
    "30 MB in a cell": Broken("a.csv", lambda: CSV + b"a" * (30 << 20) + b",joy\n", ("Row 41 of a.csv",)),
    "65 MB on a line": Broken("a.csv", lambda: CSV + b"a" * (65 << 20), ("Line 42 of a.csv has 65 MB",)),
    "a header alone": Broken("a.csv", always(b"text,label\n"), ("has a header (text, label) but no rows",)),
    "nothing": Broken("a.csv", always(b""), ("is empty (0 bytes)",)),
    "blanks": Broken("a.csv", always(b" \n\t\r\n " * 99), ("is empty",)),
    "a byte order mark alone": Broken("a.csv", always(b"\xef\xbb\xbf"), ("is empty",)),
    "two characters between cells": Broken("a.csv", always(CSV.replace(b",", b"||")), ("separated by '||'",)),
    "other columns": Broken("a.csv", always(CSV.replace(b"label", b"lable")), ("did you mean 'lable'?",)),
    "a name of 9 MB": Broken("a.csv", lambda: b"a" * 9_000_000 + b"," + CSV, ("has 2 cells",)),
    "a name of 9 MB over rows": Broken("a.csv", lambda: b"a" * 9_000_000 + CSV[4:], ("no column 'text'",)),
    "ids that repeat": Broken(
        "a.csv", always(b"id,text,label\n" + b"".join(b"%d,%s\n" % (row // 2, line) for row, line in
        enumerate(ROWS.splitlines()))), ("a blank or repeated id in column 'id'", "Choose another id"),
        columns=ColumnChoice("text", "label", "id"),
    ),
    "rows without a label": Broken("a.csv", always(CSV + b"a,\nb, \n"), ("2 rows",)),
    "one class": Broken("a.csv", always(CSV.replace(b"fear", b"joy")), ("class",)),
    "a class a row": Broken("a.csv", always(b"text,label\n" + b"".join(b"a %d,c %d\n" % (n, n) for n in
        range(5000))), ("classes",)),
    "no row to train on": Broken(
        "a.csv", always(b"split,text,label\n" + b"".join(b"test,%s\n" % line for line in ROWS.splitlines())),
        ("leaves no labelled row for training",), columns=ColumnChoice("text", "label", None, "split"),
    ),
}  # fmt: skip
JSON = {
    "JSON too deep": Broken("a.json", always(b"[" * DEEP + b"]" * DEEP), ("nested too deep",)),
    "JSON Lines too deep": Broken(
        "a.jsonl", always(lines(*rows()) + b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}\n"), ("nested too deep",)
    ),
    "JSON cut off": Broken("a.json", always(as_json(rows())[:-30]), ("cannot be read as JSON", "line ")),
    "a comma too many": Broken("a.json", always(as_json(rows())[:-1] + b",]"), ("cannot be read as JSON",)),
    "a number": Broken("a.json", always(b"42"), ("is not a JSON document",)),
    "a string": Broken("a.json", always(b'"text"'), ("is not a JSON document",)),
    "a list of lists": Broken("a.json", always(b'[["text", "label"], ["a", "joy"]]'), ("Row 1", "not an object")),
    "a list of this and that": Broken("a.json", always(as_json([*rows(), 3, None])), ("Row 21", "not an object")),
    "no rows": Broken("a.json", always(b"[]"), ("holds no rows",)),
    "objects of nothing": Broken("a.json", always(b"[{}, {}]"), ("are empty",)),
    "two documents": Broken("a.json", always(as_json(rows()) * 2), ("goes on after the end",)),
    "labels that are no numbers": Broken(
        "a.json", always(as_json([*rows(), {"text": "a", "label": float("nan")}, {"text": "b", "label": None}])),
        ("2 rows",),
    ),
    "an endless number": Broken("a.json", always(b'[{"text": "a", "n": ' + b"9" * 9999 + b"}]"), ("too many digits",)),
    "an endless number on a line": Broken(
        "a.jsonl", always(lines(*rows()) + b'{"n": ' + b"9" * 9999 + b"}\n"), ("Row 21", "too many digits")
    ),
    "a number beyond floats": Broken(
        "a.jsonl", always(lines(*rows(label=7)).replace(b'"label": 7', b'"label": [1e999, {}]')), ("Row 7", "label")
    ),
    "a broken line 7": Broken(
        "a.jsonl", always(lines(*rows()).replace(b'{"id": 6,', b'{"id": 6 ')), ("Row 7 of a.jsonl (line 7)",)
    ),
    "lines of arrays": Broken("a.jsonl", always(lines(*rows(), ["a", "joy"])), ("Row 21", "is not a JSON object")),
    "an escape that is none": Broken(
        "a.jsonl", always(lines(*rows(text="@")).replace(b"@", b"\\q")), ("Row 7 of a.jsonl (line 7) is not JSON",)
    ),
    "a line break inside a string": Broken(
        "a.json", always(as_json(rows(text="@")).replace(b"@", b"a\nb")), ("cannot be read as JSON",)
    ),
    "Python in place of JSON": Broken("a.json", lambda: repr(rows()).encode(), ("cannot be read as JSON",)),
    "objects as labels": Broken("a.json", always(as_json(rows(label={"name": "joy"}))), ("Row 7", "label")),
    "several labels": Broken("a.jsonl", always(lines(*rows(label=["joy", "fear"]))), ("Row 7 has several labels",)),
    "Label Studio without annotations": Broken(
        "a.json", always(as_json([task(number, f"text {number}", []) for number in range(9)])),
        ("Label Studio export in which no text has a class",),
    ),
    "Label Studio with spans alone": Broken(
        "a.json", always(as_json([task(1, "a", [{**annotation("x"), "result": SPANS}])])), ("Label the texts",)
    ),
    "Prodigy with rejected lines alone": Broken(
        "a.jsonl", always(as_lines([{**line, "answer": "reject"} for line in PRODIGY_CHOICE])),
        ("Prodigy export in which no text has a class",),
    ),
    "doccano without labels": Broken(
        "a.jsonl", always(lines(*({"id": n, "text": f"t {n}", "label": [], "Comments": []} for n in range(9)))),
        ("9 rows",),
    ),
}  # fmt: skip
TYPED = {
    "Parquet cut off": Broken("a.parquet", lambda: parquet()[:-30], ("cannot be read as Parquet", "write it again")),
    "Parquet cut off, called CSV": Broken("a.csv", lambda: parquet()[:-30], ("cannot be read as Parquet",)),
    "Parquet with a wrong footer": Broken("a.parquet", wrong_footer, ("cannot be read as Parquet",)),
    "Parquet that lies about its footer": Broken(
        "a.parquet", lambda: patched(parquet(), -8, b"\xff\xff\xff\x7f"), ("cannot be read as Parquet",)
    ),
    "Parquet with damaged pages": Broken("a.parquet", lambda: patched(parquet(), 4, b"\xff" * 200), ("again",)),
    "Parquet of nothing": Broken("a.parquet", lambda: parquet(TABLE.slice(0, 0)), ("(text, label) but no rows",)),
    "encrypted Parquet": Broken("a.parquet", lambda: b"PARE" + parquet()[4:], ("an encrypted Parquet file",)),
    "CSV called Parquet": Broken("a.parquet", always(CSV), ("is not Parquet",)),
    "Arrow cut off": Broken("a.arrow", lambda: arrow()[:-20], ("cannot be read as Arrow",)),
    "Arrow with a wrong schema": Broken("a.arrow", lambda: patched(arrow(), 20, b"\xff" * 60), ("Arrow",)),
    "Arrow with texts elsewhere": Broken("a.arrow", wild_offsets, ("a.arrow",)),
    "an Arrow stream cut off": Broken("a.arrows", lambda: arrow_stream()[:500], ("cannot be read as Arrow",)),
    "an Arrow stream with an endless schema": Broken(
        "a.arrows", lambda: patched(arrow_stream(), 4, b"\xff\xff\0\0"), ("a.arrows",)
    ),
}  # fmt: skip
OFFICE = {
    "a workbook cut off": Broken("a.xlsx", lambda: workbook()[:-40], ("is a damaged zip file",)),
    "a workbook without a workbook": Broken(
        "a.xlsx", lambda: workbook(("xl/workbook.xml", always(None))), ("it holds no xl/workbook.xml",)
    ),
    "a workbook without its sheet": Broken("a.xlsx", lambda: workbook((SHEET, always(None))), ("is empty",)),
    "a sheet cut off": Broken("a.xlsx", lambda: workbook((SHEET, lambda xml: xml[:300])), ("an Excel workbook",)),
    "a sheet with a header alone": Broken("a.xlsx", lambda: workbook((SHEET, no_rows)), ("but no rows",)),
    "macros around no rows": Broken("a.xlsm", lambda: workbook(MACROS, (SHEET, no_rows)), ("but no rows",)),
    "a row beyond the sheet": Broken(
        "a.xlsx", lambda: workbook((SHEET, lambda xml: xml.replace(b'<row r="2"', b'<row r="9999999999"'))),
        ("goes beyond 1,048,576 rows",),
    ),
    "a workbook full of entities": Broken(
        "a.xlsx", lambda: workbook((SHEET, lambda xml: xml.replace(b"<worksheet", ENTITIES + b"<worksheet", 1).replace(
            b"</sheetData>", b'<row r="99"><c t="inlineStr"><is><t>&k;</t></is></c></row></sheetData>'))),
        ("cannot be read as an Excel workbook",),
    ),
    "a text of 60 MB in a workbook": Broken("a.xlsx", endless_text, ("xl/sharedStrings.xml", "is too large")),
    "xls": Broken("a.xls", always(OLE), ("an old Excel workbook (.xls)", "Save it as .xlsx")),
    "a workbook with a password": Broken(
        "a.xlsx", always(OLE + "EncryptedPackage".encode("utf-16-le")), ("is protected by a password",)
    ),
    "xlsb": Broken("a.xlsb", always(zipped(("xl/workbook.bin", b"x"))), ("binary Excel workbook",)),
    "names of 9 MB in Parquet": Broken("a.parquet", lambda: parquet(long_names()), ("(text, ", "but no rows")),
    "ods": Broken("a.ods", always(zipped(("mimetype", b"x"), ("content.xml", b"<x/>"))), ("OpenDocument",)),
    "numbers": Broken("a.numbers", always(zipped(("Index/Document.iwa", b"x"))), ("a document of Numbers",)),
    "docx": Broken("a.docx", always(zipped(("word/document.xml", b"<w/>"))), ("a Word or PowerPoint document",)),
    "pdf": Broken("a.pdf", always(b"%PDF-1.7\n%\xe2\xe3" + bytes(99)), ("is a PDF file",)),
    "a picture": Broken("a.csv", always(b"\x89PNG\r\n\x1a\n" + bytes(99)), ("is an image",)),
    "a login page": Broken("a.csv", always(b"\n<!DOCTYPE html>\n<html><form>Log in</form></html>"), ("is a web page",)),
    "xml": Broken("a.csv", always(b'<?xml version="1.0"?><rows/>'), ("is an XML file",)),
    "a pointer of Git LFS": Broken("a.csv", always(b"version https://git-lfs.github.com/spec/v1\n"), ("git lfs pull",)),
    "a pickle": Broken("a.pkl", always(b"\x80\x04\x95\x10" + bytes(20)), ("a pickle file", "never read")),
    "bzip2": Broken("a.csv.bz2", always(b"BZh91AY&SY" + bytes(20)), ("a bzip2 file", "Unpack it")),
    "an SQLite database": Broken("a.db", always(b"SQLite format 3\0" + bytes(99)), ("an SQLite database",)),
    "a program": Broken("a.py", always(b"import os\n"), ("ends in '.py'", "Files that can be read")),
}  # fmt: skip
PLACES = {
    "no file": Broken("none.csv", always(None), ("cannot be read: No such file", "Check the path")),
    "a pipe": Broken("pipe.csv", always(None), ("is no file", "Choose")),
    "a link to itself": Broken("loop.csv", always(None), ("cannot be read",)),
    "a folder of nothing": Broken("folder", always({}), ("holds no files",)),
    "a folder that leads into itself": Broken("folder", always({"joy": Link(), "x/y": Link("..")}), ("no files",)),
    "folders without a text": Broken("folder", always({"joy/1": b"\0", "fear/2": b"\0"}), ("is a text",)),
    "a folder of one class": Broken("folder", always({"joy/1.txt": b"a"}), ("Choose one of these files",)),
    "a folder of tables": Broken("folder", always({"a.csv": CSV, "b.csv": CSV}), ("Choose one of these files",)),
    "a folder without classes": Broken("folder", always({"a.bin": b"1"}), ("no folder for each class",)),
    "a saved data set without its state": Broken("saved", saved_folder(STATE, None), ("a damaged part",)),
    "a saved data set without a file": Broken("saved", saved_folder(SHARD, None), ("a damaged part",)),
    "a saved data set that leads out": Broken(
        "saved", saved_folder(STATE, b'{"_data_files": [{"filename": "../../x.arrow"}]}'), ("not in the folder",)
    ),
}  # fmt: skip
BROKEN = {**CONTAINERS, **TEXT, **JSON, **TYPED, **OFFICE, **PLACES}
