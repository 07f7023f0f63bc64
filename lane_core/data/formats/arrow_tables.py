"""What Parquet and Arrow share: a table with its own types, and the same table with other labels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from lane_core.data.formats.headers import names_in_words, unique_names
from lane_core.data.formats.unpacking import MOST_BYTES
from lane_core.errors import DataError

_MOST_ROWS = 100_000_000


@dataclass(frozen=True)
class ArrowTable:
    """A table as it was read, and how many rows each of its pieces (row groups, record batches) has."""

    table: pa.Table
    names: tuple[str, ...]
    """A name of its own for every column, in order."""
    piece_rows: tuple[int, ...]

    def frame(self) -> pd.DataFrame:
        """Return the cells with their Arrow types: null stays null, ints stay ints.

        Only a column with a date or decimal that Python cannot hold is Python values, with words in place of this one.
        """
        named = self.table.rename_columns(list(self.names))
        frame: pd.DataFrame = named.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
        for name, cells in zip(self.names, self.table.columns, strict=True):
            if (plain := _beyond_python(cells)) is not None:
                frame[name] = pd.Series(plain, dtype=object)
        return frame

    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the classes that Hugging Face's ``datasets`` writes into the schema, by column."""
        features = _features(self.table.schema)
        found = {}
        for name, field in zip(self.names, self.table.schema, strict=True):
            feature = features.get(field.name)
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names"):
                found[name] = tuple(map(str, feature["names"]))
        return found

    def corrected(self, column: str, changes: Mapping[int, object], excluded: Set[int]) -> Iterator[pa.Table]:
        """Give the pieces with new values in one column (by row, from 1), without the excluded rows.

        Raises:
            DataError: If the column cannot hold a new value.
        """
        table = self.table
        if changes:
            position = self.names.index(column)
            field = table.schema.field(position)
            table = table.set_column(position, field, _changed(table.column(position), column, changes))
        start = 0
        for rows in self.piece_rows:
            piece = table.slice(start, rows)
            gone = [row for row in range(start + 1, start + rows + 1) if row in excluded] if excluded else []
            if gone:
                piece = piece.filter(pa.array([start + row + 1 not in excluded for row in range(rows)]))
            start += rows
            yield piece


def arrow_table(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], piece_rows: Sequence[int] | None, name: str
) -> ArrowTable:
    """Gather the batches of a file, bounded and checked.

    Args:
        schema: Of the file.
        batches: Read one after the other.
        piece_rows: Rows of each piece of the file; None = each batch is one.
        name: Of the file, for messages.

    Raises:
        DataError: If there are no rows, more than can be held, or values that the file has no right to hold.
    """
    found: list[pa.RecordBatch] = []
    num_rows = num_bytes = 0
    for batch in batches:
        num_rows, num_bytes = num_rows + batch.num_rows, num_bytes + batch.get_total_buffer_size()
        if num_rows > _MOST_ROWS or num_bytes > MOST_BYTES:
            raise DataError(
                f"{name} holds more than {_MOST_ROWS:,} rows or {MOST_BYTES / 2**30:g} GiB, the most that is read. "
                "Split it into smaller files."
            )
        _check_batch(batch, name)
        found.append(batch)
    columns = names_in_words(schema.names)
    if num_rows == 0:
        raise DataError(f"{name} has columns ({columns}) but no rows. Choose a file with rows.")
    if not schema.names:
        raise DataError(f"{name} has {num_rows:,} rows and no columns.")
    table = pa.Table.from_batches(found, schema)
    pieces = tuple(batch.num_rows for batch in found) if piece_rows is None else tuple(piece_rows)
    return ArrowTable(table, tuple(unique_names(schema.names)), pieces)


def _check_batch(batch: pa.RecordBatch, name: str) -> None:
    try:
        batch.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{name} holds values that are not what it says: {first_line(error)}. Write the file again."
        ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of what Arrow or the system says, without its full stop."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return (str(error).splitlines() or [type(error).__name__])[0][:300].rstrip(".")


def _beyond_python(cells: pa.ChunkedArray) -> list[Any] | None:
    """Return a column with dates or decimals that Python cannot hold, as it can be shown; None for any other."""
    kinds = pa.types
    if not (kinds.is_temporal(cells.type) or kinds.is_decimal(cells.type) or kinds.is_nested(cells.type)):
        return None
    try:
        cells.to_pylist()
    except (ArithmeticError, ValueError, pa.ArrowException):
        return [_shown(cell) for cell in cells]
    return None


def _shown(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except (ArithmeticError, ValueError, pa.ArrowException):
        return "value out of range"


def _features(schema: pa.Schema) -> dict[str, Any]:
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _changed(cells: pa.ChunkedArray, column: str, changes: Mapping[int, object]) -> pa.Array:
    is_dictionary = pa.types.is_dictionary(cells.type)
    stored = cells.type.value_type if is_dictionary else cells.type
    try:
        # A label that no row holds yet comes as text; Arrow turns it into what the column holds.
        new = {
            row: pa.scalar(label).cast(stored).as_py() if isinstance(label, str) else label
            for row, label in changes.items()
        }
        if is_dictionary:
            return _changed_indices(cells, new)
        values = cells.to_pylist()
        for row, label in new.items():
            values[row - 1] = label
        return pa.array(values, cells.type)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeError, ValueError) as error:
        raise DataError(
            f"Column {column!r} holds {cells.type} values and cannot take a new label "
            f"({', '.join(sorted({repr(label) for label in changes.values()}))[:80]}). "
            "Store the labels as text, and import the file again."
        ) from error


def _changed_indices(cells: pa.ChunkedArray, new: Mapping[int, object]) -> pa.Array:
    """Return a column of categories with other values; the categories keep their order, new ones follow."""
    whole = cells.unify_dictionaries().combine_chunks()
    categories = whole.dictionary.to_pylist()
    position = {category: index for index, category in enumerate(categories)}
    indices = whole.indices.to_pylist()
    for row, label in new.items():
        indices[row - 1] = None if label is None else position.setdefault(label, len(position))
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, cells.type.index_type),
        pa.array(position, cells.type.value_type),
        ordered=cells.type.ordered,
    )
