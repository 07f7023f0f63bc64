"""Which format a file has, by what it holds and then by its name, and what reads it."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import replace
from importlib import import_module
from pathlib import PurePath

from lane_core.data.formats.asked_format import FORMATS, check_asked, check_read
from lane_core.data.formats.content import Content, Data, Reader, ReadOptions
from lane_core.data.formats.encodings import find_encoding
from lane_core.data.formats.foreign import NO_TEXT, READABLE, refuse_foreign, refuse_office
from lane_core.errors import DataError

_READERS = {
    "csv": ("lane_core.data.formats.csv_files", "read_csv"),
    "jsonl": ("lane_core.data.formats.jsonl_files", "read_jsonl"),
    "json": ("lane_core.data.formats.json_files", "read_json"),
    "parquet": ("lane_core.data.formats.parquet_files", "read_parquet"),
    "arrow": ("lane_core.data.formats.arrow_files", "read_arrow"),
    "excel": ("lane_core.data.formats.excel_files", "read_excel"),
    "gzip": ("lane_core.data.formats.gzip_files", "read_gzip"),
    "zip": ("lane_core.data.formats.zip_files", "read_zip"),
}
"""Module and function of each format; a format is imported when a file has it."""
_SUFFIXES = {
    "csv": (".csv", ".tsv", ".tab", ".txt", ".psv", ".dat", ".data"),
    "jsonl": (".jsonl", ".ndjson", ".jl"),
    "json": (".json",),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".arrows", ".feather", ".ipc"),
    "excel": (".xlsx", ".xlsm"),
    "gzip": (".gz", ".gzip"),
    "zip": (".zip",),
}
_FORMAT_OF = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}
_ARCHIVES = {"gzip": "gzip", "zip": "a zip file"}
_IN_WORDS = {**FORMATS, **_ARCHIVES}
_SPREADSHEET_NAMES = {".xls", ".xlsx", ".xlsm"}
_HEAD_BYTES = 1 << 16
_BLANK = b" \t\r\n\0"
"""Blanks and, in UTF-16, the second byte of a letter."""
_JSON_ARRAY = re.compile(r'\s*\[\s*[\[{"\]]')
_JSON_OBJECT = re.compile(r'\s*\{\s*["}]')
_LINE_ENDS = re.compile(r"[ \r]*(\n|\Z)")
_NOTHING_ELSE = re.compile(rb"\s*\Z")


def read_content(data: Data, name: str, options: ReadOptions, *, is_packed: bool = False) -> Content:
    """Read a file as the format that it has, or that the options say.

    Args:
        data: Its bytes; not blank.
        name: Its name, which may end in anything.
        options: How to read it.
        is_packed: Whether it comes out of an archive, which must hold no other archive.

    Raises:
        DataError: If the file cannot be read; the message says where and how to mend it.
    """
    kind = find_format(data, name, options.format)
    if is_packed and kind in _ARCHIVES:
        raise DataError(f"{name} is an archive inside an archive. Unpack it, and choose the file inside.")
    content = _reader(kind)(data, name, options)
    if kind in ("json", "jsonl"):
        from lane_core.data.formats.tool_exports import as_tool_export

        check_read(options.format, content.file_format, name)
        content = as_tool_export(content, name, options)
    by_name = format_by_name(name)
    if by_name in (None, kind) or {by_name, kind} == {"json", "jsonl"}:
        return content
    return replace(
        content, notes=(f"{_IN_WORDS[kind]}, although the name ends in {_suffix(name)}", *content.notes)
    )


def find_format(data: Data, name: str, asked: str | None = None) -> str:
    """Return the format of a file: one of those in the table of readers.

    What the file holds counts first. Text is JSON if it begins like it, else what the name says, else delimited.

    Args:
        data: The bytes of the file.
        name: Its name.
        asked: What a person says that it is; an archive is one all the same, and asked after the file inside.

    Raises:
        DataError: If it is something that cannot be read, or not what was asked for.
    """
    refuse_foreign(data, name)
    by_name = format_by_name(name)
    binary = _binary_format(data, name)
    if asked is not None and binary not in _ARCHIVES:
        return check_asked(asked, binary, name)
    kind = binary or _json_format(data, by_name)
    if kind:
        return kind
    if by_name in ("parquet", "arrow", "zip"):
        raise DataError(
            f"{name} is not {_IN_WORDS[by_name]}, whatever its name says. Check what it is; it may be damaged."
        )
    if by_name in ("csv", "jsonl", "json"):
        return by_name
    # Web tools call delimited text a workbook, and browsers unpack what they save under the name of a gzip file.
    if by_name == "gzip" or not _suffix(name) or _suffix(name) in _SPREADSHEET_NAMES:
        return "csv"
    raise DataError(
        f"{name} ends in {_suffix(name)!r}. {READABLE}. If it is one of these under another name, choose its format."
    )


def format_by_name(name: str) -> str | None:
    """Return the format that the last ending of a file's name says; None if it says nothing.

    Example:
        >>> format_by_name("Book.XLSX"), format_by_name("notes")
        ('excel', None)
    """
    return _FORMAT_OF.get(_suffix(name))


def split_name(name: str) -> tuple[str, str]:
    """Return a file name without the suffixes that name its format, and those suffixes.

    Example:
        >>> split_name("reviews.v2.csv.gz"), split_name("notes.final"), split_name(".csv")
        (('reviews.v2', '.csv.gz'), ('notes', '.final'), ('.csv', ''))
    """
    path = PurePath(name)
    suffix = path.suffix
    if _FORMAT_OF.get(suffix.lower()) == "gzip":
        suffix = PurePath(path.stem).suffix + suffix
    return name[: len(name) - len(suffix)], suffix


def is_data_name(name: str) -> bool:
    """Return whether a file of this name may hold a table: not an archive, and no name that says something else."""
    return format_by_name(name) not in (None, "gzip", "zip")


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()


def _reader(kind: str) -> Reader:
    module, function = _READERS[kind]
    reader: Reader = getattr(import_module(module), function)
    return reader


def _binary_format(data: Data, name: str) -> str | None:
    head = bytes(data[:512])
    if head.startswith(b"PAR1") and (NO_TEXT.search(head) or format_by_name(name) == "parquet"):
        return "parquet"
    if head.startswith(b"ARROW1\0\0"):
        return "arrow"
    if head.startswith(b"\xff\xff\xff\xff") and 0 < int.from_bytes(head[4:8], "little") <= len(data):
        return "arrow"  # a stream: a mark, then the length of the schema
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(data, name)
    return None


def _zip_format(data: Data, name: str) -> str:
    from lane_core.data.formats.zip_archives import member_names

    names = member_names(data, name)
    refuse_office(names, name)
    return "excel" if "xl/workbook.xml" in names else "zip"


def _json_format(data: Data, by_name: str | None) -> str | None:
    """Return json or jsonl if the text begins as they do."""
    head = _head_text(data)
    is_array = _JSON_ARRAY.match(head) is not None
    if not is_array and not _JSON_OBJECT.match(head):
        return None
    # A cell of delimited text may begin like JSON; another cell follows, and mostly ends the file.
    if by_name == "csv" and not (_ends_like_json(data) and _goes_on_like_json(data, head)):
        return None
    if is_array:
        return "json"
    if by_name == "jsonl":
        # An object that is spread over lines is a document, whatever the name says.
        first_line = head.lstrip().split("\n", 1)[0]
        return "json" if first_line.strip() == "{" else "jsonl"
    return "jsonl" if _holds_lines(data, head) else "json"


def _ends_like_json(data: Data) -> bool:
    return bytes(data[-_HEAD_BYTES:]).rstrip(_BLANK).endswith((b"]", b"}"))


def _goes_on_like_json(data: Data, head: str) -> bool:
    try:
        _, end = json.JSONDecoder().raw_decode(head.lstrip())
    except RecursionError:
        return True
    except ValueError:
        return len(data) > _HEAD_BYTES  # the value may go on beyond the head
    return _LINE_ENDS.match(head.lstrip(), end) is not None


def _holds_lines(data: Data, head: str) -> bool:
    """Return whether the first line is an object by itself, and others follow."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        line, _, rest = head.lstrip().partition("\n")
        return _is_object(line) and bool(rest.strip())
    start = len(codecs.BOM_UTF8) if data[:3] == codecs.BOM_UTF8 else 0
    while data[start : start + 1].isspace():
        start += 1
    end = data.find(b"\n", start)
    if end < 0 or _NOTHING_ELSE.match(data, end):
        return False
    return _is_object(data[start:end].decode("utf-8", "replace"))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _head_text(data: Data) -> str:
    head = bytes(data[:_HEAD_BYTES])
    encoding = find_encoding(head, "utf-8")
    return head[len(encoding.mark) :].decode(encoding.codec, "replace")
