"""What a file is, whatever it is called; gzip and zip around every format, as independent readers see them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, read_table, tables, write_corrected
from lane_core.data.formats import unpacking
from lane_core.data.formats.registry import find_format, split_name
from lane_core.errors import DataError

CSV = b"id,text,label\r\n007,good,joy\r\n008,bad,fear\r\n"
CHANGED = b"id,text,label\r\n007,good,fear\r\n"
JSONL = b'{"text": "a", "label": "joy"}\n{"text": "b", "label": "fear"}\n'
JSON = b'[{"text": "a", "label": "joy"}, {"text": "b", "label": "fear"}]'


def parquet_bytes():
    stream = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"], "label": ["joy", "fear"]}), stream)
    return stream.getvalue()


def zip_bytes(*members, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6)), content, compression)
    return stream.getvalue()


@pytest.fixture
def write(tmp_path):
    def to_file(content, name):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def corrected(path, labels=None, excluded=frozenset(), column="label", **options):
    target = path.with_name("out" + split_name(path.name)[1])
    write_corrected(read_table(path, ReadOptions(**options)), column, labels or {}, set(excluded), target)
    return target.read_bytes()


# What a file is


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", JSONL, "jsonl"),
        ("a.txt", JSON, "json"),
        ("a.jsonl", JSON, "json"),
        ("a.jsonl", b'{\n "data": []\n}', "json"),
        ("a.jsonl", b'{"text": }\n', "jsonl"),
        ("a.jsonl", b'{"text": "a"}', "jsonl"),
        ("a.json", b'{"text": "a"}', "json"),
        ("a.json", JSONL, "jsonl"),
        ("a.json", b"\xef\xbb\xbf" + JSONL, "jsonl"),
        ("a.json", b"\xff\xfe" + JSONL.decode().encode("utf-16-le"), "jsonl"),
        ("a.json", b"\xff\xfe" + JSON.decode().encode("utf-16-le"), "json"),
        ("a.json", b"no JSON", "json"),
        ("a", CSV, "csv"),
        ("export.xls", b"text\tlabel\na\tjoy\n", "csv"),
        ("a.csv.gz", CSV, "csv"),
        ("a.csv", b"{name},[id]\na,b\n", "csv"),
        ("a.csv", b"{},label\na,{}\n", "csv"),
        ("a.csv", b"[[,label\na,]\n", "csv"),
        ("a.csv", b'["a", "b"],joy\n["c"],fear\n', "csv"),
        ("a.tsv", b'{"a": 1}\tjoy\n{"b": 2}\tfear\n', "csv"),
        ("a.csv", b"PAR1,PARENT,ORC\n1,2,3\n", "csv"),
        ("a.csv", b"ORC,label\na,b\n", "csv"),
        ("a.csv", b"PARENT,label\na,b\n", "csv"),
        ("a.csv", parquet_bytes(), "parquet"),
        ("a.bin", gzip.compress(CSV, mtime=0), "gzip"),
        ("a.csv", zip_bytes(("a.csv", CSV)), "zip"),
    ],
)
def test_a_file_is_what_it_holds(name, content, kind):
    assert find_format(content, name) == kind


@pytest.mark.parametrize(
    ("name", "content", "asked", "read_as", "columns"),
    [
        # Taken for JSON, for want of a name.
        ("a", b'["a"];joy\n["b"];fear\n', "csv", "csv", 2),
        # Taken for a single row of JSON Lines.
        (
            "a.jsonl",
            b'{"data": [{"text": "a", "label": "joy"}, {"text": "b", "label": "fear"}]}',
            "json",
            "json",
            2,
        ),
        ("a.csv", b'{"text": "a", "label": "joy"}', "jsonl", "jsonl", 2),
        ("a.xyz", b"text\tlabel\na\tjoy\n", "csv", "tsv", 2),
        ("a.xyz.gz", gzip.compress(b"text,label\na,joy\n", mtime=0), "csv", "csv", 2),
        ("a.zip", zip_bytes(("joy/1.csv", b"text,label\na,b\n"), ("fear/2.md", b"b")), "csv", "csv", 2),
        ("a.csv", parquet_bytes(), "parquet", "parquet", 2),
    ],
)
def test_the_format_that_was_found_can_be_overridden(write, tmp_path, name, content, asked, read_as, columns):
    path = write(content, name)
    table = read_table(path, ReadOptions(format=asked))
    assert table.file_format == read_as
    assert len(table.columns) == columns
    write_corrected(table, table.columns[-1], {}, set(), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content", "asked", "said"),
    [
        ("a.csv", CSV, "parquet", "a.csv is not Parquet. Leave the format to be found"),
        ("a.csv", CSV, "excel", "a.csv is not an Excel workbook. Leave"),
        ("a.csv", parquet_bytes(), "csv", "a.csv is not delimited text but Parquet. Leave"),
        ("a.csv.gz", gzip.compress(CSV, mtime=0), "arrow", "a.csv is not Arrow. Leave"),
        ("a.jsonl", JSONL, "json", "a.jsonl is not JSON but JSON Lines. Leave"),
        ("a.csv", CSV, "json", "a.csv is not a JSON document: it begins with"),
        ("a.csv", CSV, "jsonl", "Row 1 of a.csv (line 1) is not JSON"),
        (
            "a.csv",
            CSV,
            "word",
            "There is no format 'word'. Choose one of: csv, jsonl, json, parquet, arrow, excel.",
        ),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3", "csv", "a.pdf is a PDF file"),
    ],
)
def test_content_of_another_format_than_was_asked_for_is_refused(write, name, content, asked, said):
    with pytest.raises(DataError) as error:
        read_table(write(content, name), ReadOptions(format=asked))
    assert said in str(error.value)


def test_a_folder_has_no_format_to_choose(tmp_path):
    with pytest.raises(DataError, match="a format can be chosen for files only"):
        read_table(tmp_path, ReadOptions(format="csv"))


def test_a_name_that_disagrees_is_said(write):
    table = read_table(write(parquet_bytes(), "a.csv"))
    assert table.file_format == "parquet"
    assert table.notes[0] == "Parquet, although the name ends in .csv"
    assert read_table(write(JSONL, "a.jsonl")).notes[0] == "UTF-8"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"%PDF-1.7\n%\xe2\xe3", ["a.csv is a PDF file", "Copy its table"]),
        ("a.csv", bz2.compress(CSV), ["a bzip2 file", "Unpack it"]),
        ("a.csv", b"\xfd7zXZ\0\0\x04", ["an xz file"]),
        ("a.csv", b"\x28\xb5\x2f\xfd\x00", ["a Zstandard file"]),
        ("a.pkl", b"\x80\x04\x95\x10\0\0\0", ["a pickle file", "never read"]),
        ("a.db", b"SQLite format 3\0\x10", ["an SQLite database"]),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", ["git lfs pull"]),
        ("a.xls", b"<html><table>", ["a web page", "save it as .xlsx"]),
        ("a.csv", b"\xef\xbb\xbf\n<!DOCTYPE html>", ["a web page"]),
        ("a.parquet", b"PARE\x15\x04\x15", ["an encrypted Parquet file"]),
        ("a.feather", b"FEA1\0\0\0\0", ["first version"]),
        ("a.zip", b"text,label\na,b\n", ["a.zip is not a zip file"]),
        ("a.arrow", b"text,label\na,b\n", ["a.arrow is not Arrow"]),
        ("a.docx", zip_bytes(("word/document.xml", b"<w/>")), ["a Word or PowerPoint document"]),
        ("a.ods", zip_bytes(("mimetype", b"x"), ("content.xml", b"<x/>")), ["an OpenDocument file (.ods)"]),
        ("a.numbers", zip_bytes(("Index/Document.iwa", b"x")), ["Numbers", "Export it as .xlsx"]),
        ("a.xlsb", zip_bytes(("xl/workbook.bin", b"x")), ["a binary Excel workbook (.xlsb)"]),
        ("a.py", b"import os\n", ["a.py ends in '.py'", "JSON Lines", ".xlsx"]),
    ],
)
def test_what_is_no_table_is_named(write, name, content, expected):
    with pytest.raises(DataError) as caught:
        read_table(write(content, name))
    for part in expected:
        assert part in str(caught.value)


def test_a_tar_archive_is_named(write, tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(write(CSV, "a.csv"), "a.csv")
    with pytest.raises(DataError, match="a tar archive"):
        read_table(write(stream.getvalue(), "a.tar.gz"))


def test_a_large_file_is_mapped_and_read_alike(write, monkeypatch):
    small = read_table(write(CSV, "a.csv"))
    for module in (tables, unpacking):
        monkeypatch.setattr(module, "IN_MEMORY_BYTES", 10)
    for name, content in (
        ("b.csv", CSV), ("b.csv.gz", gzip.compress(CSV, mtime=0)), ("b.zip", zip_bytes(("x.csv", CSV))),
    ):  # fmt: skip
        path = write(content, name)
        assert read_table(path).frame.equals(small.frame)
        assert corrected(path) == content
    assert type(tables.map_file(path)).__name__ == "mmap"
    parquet = write(parquet_bytes(), "b.parquet")
    assert corrected(parquet) == parquet_bytes()
    assert read_table(write(JSONL, "b.jsonl")).values("label") == ["joy", "fear"]


# gzip

FILES = {"a.csv": CSV, "a.jsonl": JSONL, "a.json": JSON, "a.parquet": parquet_bytes()}


@pytest.mark.parametrize("inner", FILES)
def test_gzip_of_every_format(write, inner):
    packed = gzip.compress(FILES[inner], mtime=1234)
    path = write(packed, f"{inner}.gz")
    plain = write(FILES[inner], inner)
    table, expected = read_table(path), read_table(plain)
    assert table.frame.equals(expected.frame)
    assert table.file_format == expected.file_format
    assert table.notes[0] == "packed with gzip"
    assert corrected(path) == packed
    again = corrected(path, {1: "fear"}, {2})
    assert gzip.decompress(again) == corrected(plain, {1: "fear"}, {2})


def test_gzip_keeps_the_time_and_the_name_of_its_header(write):
    stream = io.BytesIO()
    with gzip.GzipFile("reviews of 2020.csv", "wb", mtime=1_580_000_000, fileobj=stream) as file:
        file.write(CSV)
    again = corrected(write(stream.getvalue(), "a.csv.gz"), {1: "fear"}, {2})
    reader = gzip.GzipFile(fileobj=io.BytesIO(again))
    assert reader.read() == CHANGED
    assert reader.mtime == 1_580_000_000
    assert b"reviews of 2020.csv\0" in again[:40]


@given(
    st.binary(max_size=20), st.sampled_from([b"", b"name"]), st.sampled_from([b"", b"note"]), st.booleans()
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_gzip_header_is_kept(tmp_path, extra, name, note, has_checksum):
    flags = 4 * bool(extra) + 8 * bool(name) + 16 * bool(note) + 2 * has_checksum
    header = bytes([0x1F, 0x8B, 8, flags]) + struct.pack("<I", 77) + b"\0\x03"
    header += (struct.pack("<H", len(extra)) + extra if extra else b"") + b"".join(
        part + b"\0" for part in (name, note) if part
    )
    if has_checksum:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(CSV) + packer.flush() + struct.pack("<II", zlib.crc32(CSV), len(CSV))
    path = tmp_path / "a.csv.gz"
    path.write_bytes(header + body)
    again = corrected(path, {1: "fear"}, {2})
    assert again.startswith(header)
    assert gzip.decompress(again) == CHANGED


def test_gzip_in_several_members_and_with_zeros_behind(write):
    packed = gzip.compress(CSV[:20]) + gzip.compress(CSV[20:]) + b"\0" * 100
    path = write(packed, "a.csv.gz")
    assert read_table(path).values("label") == ["joy", "fear"]
    assert gzip.decompress(corrected(path, {1: "fear"}, {2})) == CHANGED


def bad_gzip():
    packed = gzip.compress(CSV, mtime=0)
    noise = b"text,label\n" + b"".join(b"%x,joy\n" % (number * 2654435761) for number in range(300_000))
    long = gzip.compress(noise, compresslevel=1, mtime=0)
    return {
        "cut off": ("a.csv.gz", packed[:-10], ["a.csv.gz is cut off", "bytes of the file inside"]),
        "cut off far inside": ("a.csv.gz", long[: len(long) // 2], ["is cut off: it ends after 2,"]),
        "only a header": ("a.csv.gz", packed[:10], ["is cut off: it ends after 0 bytes"]),
        "checksum": ("a.csv.gz", packed[:-5] + b"\1\2\3\4\5", ["is damaged", "after 0 bytes"]),
        "garbage behind": ("a.csv.gz", packed + b"garbage", ["is damaged: after 43 bytes"]),
        "empty inside": ("a.csv.gz", gzip.compress(b" \n"), ["a.csv.gz holds an empty file"]),
        "gzip in gzip": (
            "a.csv.gz.gz",
            gzip.compress(packed, mtime=0),
            ["a.csv.gz is an archive inside an archive"],
        ),
        "zip in gzip": ("a.zip.gz", gzip.compress(zip_bytes(("a.csv", CSV))), ["archive inside an archive"]),
        "bad CSV inside": ("a.csv.gz", gzip.compress(b'text,label\n"a,b\n'), ["never closed"]),
    }


BAD_GZIP = bad_gzip()


@pytest.mark.parametrize("case", BAD_GZIP)
def test_a_bad_gzip_file_gives_one_clear_error(write, case):
    name, content, expected = BAD_GZIP[case]
    with pytest.raises(DataError) as caught:
        read_table(write(content, name))
    for part in expected:
        assert part in str(caught.value)


def test_a_gzip_file_beyond_the_bound_is_refused(write, monkeypatch):
    bound = unpacking.UnpackBound("a.csv.gz", 1 << 30, most_bytes=1000)
    bound.add(1000)
    with pytest.raises(DataError, match=r"a\.csv\.gz unpacks to more than .* GiB.*Split it"):
        bound.add(1)


# zip

README = ("README.txt", b"Read me")


def contents(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return [
            (info.filename, info.date_time, info.compress_type, info.external_attr, archive.read(info))
            for info in archive.infolist()
        ]


@pytest.mark.parametrize("inner", FILES)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_zip_of_every_format(write, inner, compression):
    packed = zip_bytes(
        README,
        (f"data/{inner}", FILES[inner]),
        ("data/", b""),
        ("pictures/x.png", b"\x89PNG"),
        compression=compression,
    )
    path, plain = write(packed, "a.zip"), write(FILES[inner], inner)
    table = read_table(path)
    assert table.frame.equals(read_table(plain).frame)
    assert table.notes[0].startswith(f"data/{inner}, 1 of 2 in the zip file")
    assert table.parts == (f"data/{inner}", "README.txt")
    assert corrected(path) == packed
    expected = [
        (*member[:4], corrected(plain, {1: "fear"}, {2})) if member[0] == f"data/{inner}" else member
        for member in contents(packed)
    ]
    assert contents(corrected(path, {1: "fear"}, {2})) == expected


def test_the_file_inside_a_zip_can_be_chosen(write):
    packed = zip_bytes(
        ("train.csv", CSV), ("test.csv", b"text,label\nx,y\n"), ("__MACOSX/._train.csv", b"\0")
    )
    path = write(packed, "a.zip")
    assert read_table(path).parts == ("train.csv", "test.csv")
    table = read_table(path, ReadOptions(part="test.csv"))
    assert (table.parts, table.values("label")) == (("test.csv", "train.csv"), ["y"])
    again = corrected(path, {1: "z"}, part="test.csv")
    assert [member[4] for member in contents(again)] == [CSV, b"text,label\nx,z\n", b"\0"]
    with pytest.raises(DataError, match=r"holds no table 'dev\.csv'\. It holds: train\.csv, test\.csv"):
        read_table(path, ReadOptions(part="dev.csv"))


def test_the_comment_of_a_zip_stays(write):
    stream = io.BytesIO(zip_bytes(("a.csv", CSV)))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = "Çomment".encode()
    with zipfile.ZipFile(io.BytesIO(corrected(write(stream.getvalue(), "a.zip"), {1: "fear"}))) as archive:
        assert archive.comment == "Çomment".encode()


def bad_zip():
    packed = zip_bytes(("a.csv", CSV), compression=zipfile.ZIP_STORED)
    encrypted = bytearray(packed)
    encrypted[6] |= 1
    encrypted[packed.index(b"PK\x01\x02") + 8] |= 1
    unknown = bytearray(packed)
    unknown[8:10] = unknown[packed.index(b"PK\x01\x02") + 10 : packed.index(b"PK\x01\x02") + 12] = b"\x63\0"
    return {
        "cut off": (packed[:-30], ["a.zip is a damaged zip file", "cut off"]),
        "checksum": (packed.replace(b"bad", b"b\xe4d"), ["'a.csv' in a.zip cannot be unpacked", "CRC"]),
        "traversal": (zip_bytes(("../../etc/passwd.csv", CSV)), ["'../../etc/passwd.csv'", "leads out"]),
        "Windows traversal": (zip_bytes(("..\\x.csv", CSV)), ["leads out of its folder"]),
        "absolute": (zip_bytes(("/etc/passwd.csv", CSV)), ["'/etc/passwd.csv'", "leads out"]),
        "drive": (zip_bytes(("C:/x.csv", CSV)), ["leads out of its folder"]),
        "encrypted": (bytes(encrypted), ["a.zip is protected by a password ('a.csv')"]),
        "unknown packing": (bytes(unknown), ["'a.csv' in a.zip cannot be unpacked", "compression"]),
        "nothing": (zip_bytes(), ["holds no file that can be read as a table. It holds: nothing"]),
        "no table": (zip_bytes(("x.png", b"1"), ("y.png", b"2")), ["It holds: x.png, y.png"]),
        "empty member": (zip_bytes(("a.csv", b"\n")), ["'a.csv' in a.zip is empty"]),
        "zip in zip": (zip_bytes(("a.zip", packed)), ["a.zip is an archive inside an archive"]),
        "gzip in zip": (
            zip_bytes(("a.csv", gzip.compress(CSV, mtime=0))),
            ["a.csv is an archive inside an archive"],
        ),
    }


BAD_ZIP = bad_zip()


@pytest.mark.parametrize("case", BAD_ZIP)
def test_a_bad_zip_file_gives_one_clear_error_and_writes_nothing(write, tmp_path, case):
    content, expected = BAD_ZIP[case]
    path = write(content, "a.zip")
    with pytest.raises(DataError) as caught:
        read_table(path)
    for part in expected:
        assert part in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(write):
    with pytest.raises(DataError, match="under a name that another has"):
        read_table(write(zip_bytes(("a.csv", CSV), ("a.csv", b"other")), "a.zip"))


def test_a_json_document_in_a_zip_is_written_back(write):
    path = write(zip_bytes(("a.json", JSON)), "a.zip")
    [member] = contents(corrected(path, {2: "joy"}))
    assert json.loads(member[4])[1] == {"text": "b", "label": "joy"}


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.b.csv.GZ", "a.b", ".csv.GZ"), ("a.zip", "a", ".zip"), ("a", "a", ""), ("a.gz", "a", ".gz"),
        (".csv", ".csv", ""), ("a.jsonl", "a", ".jsonl"),
    ],
)  # fmt: skip
def test_a_name_is_split_before_the_suffixes_of_its_format(name, stem, suffix):
    assert split_name(name) == (stem, suffix)
    assert Path(stem + suffix).name == name
