"""The format that a person says a file has, where another one was found."""

from __future__ import annotations

from lane_core.errors import DataError

FORMATS = {
    "csv": "delimited text",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "excel": "an Excel workbook",
}
"""What ``ReadOptions.format`` can say, in words."""
TEXT_FORMATS = ("csv", "jsonl", "json")
_REMEDY = "Leave the format to be found, or choose the one that the file has."


def check_asked(asked: str, binary: str | None, name: str) -> str:
    """Return the format that was asked for, unless the first bytes of the file speak against it.

    Args:
        asked: One of ``FORMATS``.
        binary: The format that the bytes have if they are no text.
        name: Of the file.

    Raises:
        DataError: If there is no such format, or the file does not have it.
    """
    if asked not in FORMATS:
        raise DataError(f"There is no format {asked[:40]!r}. Choose one of: {', '.join(FORMATS)}.")
    if asked == binary or (binary is None and asked in TEXT_FORMATS):
        return asked
    raise DataError(f"{name} is not {FORMATS[asked]}{f' but {FORMATS[binary]}' if binary else ''}. {_REMEDY}")


def check_read(asked: str | None, read_as: str, name: str) -> None:
    """Refuse what a reader took for a neighbour of the format that was asked for: JSON Lines for JSON.

    Raises:
        DataError: If the file does not have the format that was asked for.
    """
    found = "csv" if read_as == "tsv" else read_as
    if asked not in (None, found):
        raise DataError(f"{name} is not {FORMATS[str(asked)]} but {FORMATS[found]}. {_REMEDY}")
