"""Read Parquet and write it back with other labels."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lane_core.data.formats.content import Content
from lane_core.data.formats.headers import check_column_names
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError


@dataclass(frozen=True)
class ParquetSource:
    """What is needed to write Parquet back with its own schema."""

    table: pa.Table

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values in one column (by row, from 1), without the excluded rows."""
        table = self.table
        if changes:
            table = table.set_column(table.column_names.index(column), *self._changed(column, changes))
        if excluded:
            kept = [row not in excluded for row in range(1, table.num_rows + 1)]
            table = table.filter(pa.array(kept, pa.bool_()))
        write_whole(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))

    def _changed(self, column: str, changes: Mapping[int, object]) -> tuple[pa.Field, pa.Array]:
        field = self.table.schema.field(column)
        stored = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        values = self.table.column(column).to_pylist()
        try:
            for row, label in changes.items():
                # A label that no row holds yet comes as text; Arrow turns it into what the column holds.
                values[row - 1] = pa.scalar(label).cast(stored).as_py() if isinstance(label, str) else label
            return field, pa.array(values, field.type)
        except (pa.ArrowException, TypeError) as error:
            raise DataError(
                f"Column {column!r} holds {field.type} values and cannot take a new label "
                f"({', '.join(sorted({repr(label) for label in changes.values()}))[:80]}). "
                "Store the labels as text, and import the file again."
            ) from error


def read_parquet(data: bytes, name: str) -> Content:
    """Return the values with their Arrow types: null stays null, ints stay ints.

    Raises:
        DataError: If this is no Parquet file, or one without rows or with bad column names.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    check_column_names(table.column_names, name)
    if table.num_rows == 0:
        raise DataError(f"{name} has columns ({', '.join(table.column_names)}) but no rows.")
    frame = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    return Content("parquet", frame, ParquetSource(table))
