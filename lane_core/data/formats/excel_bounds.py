"""Bounds on the parts of a workbook, looked at before openpyxl makes objects of every tag in them."""

from __future__ import annotations

import re

from lane_core.data.formats.zip_archives import ZipArchive
from lane_core.errors import DataError

_CHUNK = 16 << 20
_MOST_TAGS = 150_000_000
"""Of one part; a cell has four, a text that cells share has four as well."""
_MOST_TEXT_TAGS = 60_000_000
"""Of the shared texts, which are all held in memory."""
_MOST_OTHER_BYTES = 64 << 20
"""Of a part that is no sheet and no list of texts, such as the styles."""
_ROW_TAG = re.compile(rb"[<:]row[\s>/]")
_TEXT_TAG = re.compile(rb"[<:]si[\s>/]")
_TEXTS = "xl/sharedStrings.xml"


def check_parts(archive: ZipArchive) -> None:
    """Raise DataError if a part would take more memory than a table that Excel can hold."""
    for member in archive.members:
        if not member.endswith((".xml", ".rels")) or member.startswith(("xl/media/", "customXml/")):
            continue
        is_sheet = member.startswith("xl/worksheets/") and member.endswith(".xml")
        data = archive.read(member)
        if not is_sheet and member != _TEXTS and len(data) > _MOST_OTHER_BYTES:
            raise _too_large(archive, member)
        num_tags = 0
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            num_tags += chunk.count(b"<")
            if num_tags > (_MOST_TEXT_TAGS if member == _TEXTS else _MOST_TAGS):
                raise _too_large(archive, member)
            # A row and a text are read as a whole; none of a table has so many bytes.
            whole = _ROW_TAG if is_sheet else _TEXT_TAG if member == _TEXTS else None
            if whole and len(chunk) == _CHUNK and not whole.search(chunk):
                raise _too_large(archive, member)


def _too_large(archive: ZipArchive, member: str) -> DataError:
    return DataError(
        f"{member!r} in {archive.name} is too large for a table in a workbook. Save the table as CSV, "
        "and import that."
    )
