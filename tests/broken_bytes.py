"""The bytes of broken files, each made by breaking a good one."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

Link = Path
"""Stands in a folder for a symbolic link."""
Made = bytes | Mapping[str, bytes | Link] | None
ROWS = b"".join(b"text number %d,%s\n" % (row, (b"joy", b"fear")[row % 2]) for row in range(40))
CSV = b"text,label\n" + ROWS
TABLE = pa.table({"text": [f"text number {row}" for row in range(40)], "label": ["joy", "fear"] * 20})
ZERO_MB = 100


def always(made: Any) -> Callable[..., Any]:
    return lambda *_: made


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6)), content, compression)
    return stream.getvalue()


def zeros_in_gzip() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(ZERO_MB)]) + packer.flush()


def zeros_in_zip() -> bytes:
    return zipped(("a.csv", b"a" * (ZERO_MB << 20)))


def lying_zip() -> bytes:
    """Return a bomb that says it unpacks to 100 bytes."""
    packed = bytearray(zeros_in_zip())
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = struct.pack("<I", 100)
    return bytes(packed)


def overlapping_zip() -> bytes:
    """Return a zip file whose table of contents names the same bytes a thousand times."""
    packed = zipped(("a.csv", CSV))
    start, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    entry = packed[start:end]
    entries = b"".join(entry.replace(b"a.csv", b"%05d" % number) for number in range(1000))
    return (
        packed[:start]
        + entries
        + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1000, 1000, len(entries), start, 0)
    )


def encrypted_zip() -> bytes:
    packed = bytearray(zipped(("a.csv", CSV)))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def tar_in_gzip() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return stream.getvalue()


def parquet(table: pa.Table = TABLE) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def long_names() -> pa.Table:
    """Return a table without rows and with a name that is no name."""
    return pa.table({"text": pa.array([], pa.string()), "a" * 9_000_000: pa.array([], pa.string())})


def wrong_footer() -> bytes:
    data = parquet()
    return patched(data, -8 - int.from_bytes(data[-8:-4], "little"), b"\xff" * 20)


def arrow(table: pa.Table = TABLE) -> bytes:
    stream = io.BytesIO()
    with ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def arrow_stream() -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return stream.getvalue()


def wild_offsets() -> bytes:
    """Return an Arrow file whose texts lie far outside of it."""
    data = arrow(pa.table({"text": ["seven..", "five."], "label": ["joy", "fear"]}))
    offsets = struct.pack("<3i", 0, 7, 12)
    assert data.count(offsets) == 1
    return data.replace(offsets, struct.pack("<3i", 0, 2**30, 2**31 - 1))


def patched(data: bytes, at: int, new: bytes) -> bytes:
    at %= len(data)
    return data[:at] + new + data[at + len(new) :]


def workbook(*edits: tuple[str, Callable[[bytes], bytes | None]]) -> bytes:
    """Return a workbook with some of its parts edited, added, or left out where the edit gives None."""
    book = openpyxl.Workbook()
    for row in (["text", "label"], *zip(*TABLE.to_pydict().values(), strict=True)):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        parts: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    for member, edit in edits:
        parts[member] = edit(parts.get(member) or b"")
    return zipped(*((name, content) for name, content in parts.items() if content is not None))


SHEET = "xl/worksheets/sheet1.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">' + b"".join(
    b'<!ENTITY %c "%s">' % (letter + 1, b"&%c;" % letter * 20) for letter in range(97, 107)
) + b"]>"  # fmt: skip
MACROS = ("xl/vbaProject.bin", always(b"macros"))


def no_rows(xml: bytes) -> bytes:
    return xml[: xml.index(b'<row r="2"')] + xml[xml.index(b"</sheetData>") :]


def endless_text() -> bytes:
    """Return a workbook with one text that all cells share, and that no bound on packing stops."""
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    return workbook(
        ("[Content_Types].xml", lambda xml: xml.replace(
            b"</Types>", part + b'spreadsheetml.sharedStrings+xml"/></Types>')),
        ("xl/sharedStrings.xml", lambda _: b"<sst><si><t>" + b"a" * (60 << 20) + b"</t></si></sst>"),
        (SHEET, lambda xml: xml.replace(b"</sheetData>", b'<row r="99"><c t="s"><v>0</v></c></row></sheetData>')),
    )  # fmt: skip


def saved_folder(name: str, content: bytes | None) -> Callable[[], Mapping[str, bytes]]:
    """Return the files of a saved Hugging Face data set with one of them replaced or taken away."""

    def make() -> Mapping[str, bytes]:
        from datasets import Dataset, DatasetDict

        from lane_core.data.formats.hf_datasets import quiet

        with tempfile.TemporaryDirectory() as folder, quiet():
            DatasetDict(train=Dataset(TABLE)).save_to_disk(folder)
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in Path(folder).rglob("*")
                if path.is_file()
            }
        assert name in files
        return {key: data for key, data in {**files, name: content}.items() if data is not None}

    return make


def lines(*objects: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in objects).encode()


def rows(**changed: object) -> list[dict[str, object]]:
    """Return rows of JSON of which the seventh is another one."""
    found: list[dict[str, object]] = [
        {"id": row, "text": f"text number {row}", "label": ("joy", "fear")[row % 2]} for row in range(20)
    ]
    found[6] |= changed
    return found
