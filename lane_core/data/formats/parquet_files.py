"""Read Parquet and write it back with other labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lane_core.data.formats.arrow_tables import ArrowTable, arrow_table, first_line
from lane_core.data.formats.content import Content, Data, ReadOptions
from lane_core.data.formats.headers import name_notes
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_BATCH_ROWS = 4096
"""So few at once that a file which packs one long text a million times is stopped in time."""


@dataclass(frozen=True)
class ParquetSource:
    """What is needed to write Parquet back with its own schema."""

    data: Data
    rows: ArrowTable
    compression: Mapping[str, str]
    """Codec by path of the column."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values in one column (by row, from 1), without the excluded rows.

        Row groups, compression, schema and metadata stay; with nothing to change, so does every byte.
        """
        if not changes and not excluded:
            write_whole(path, lambda temporary: temporary.write_bytes(self.data))
            return
        pieces = self.rows.corrected(column, changes, excluded)
        write_whole(path, lambda temporary: self._write(pieces, temporary))

    def _write(self, pieces: Iterator[pa.Table], path: Path) -> None:
        with pq.ParquetWriter(path, self.rows.table.schema, compression=dict(self.compression)) as writer:
            for piece in pieces:
                if piece.num_rows:
                    writer.write_table(piece, row_group_size=piece.num_rows)


def read_parquet(data: Data, name: str, options: ReadOptions) -> Content:
    """Return the values with their Arrow types: null stays null, ints stay ints.

    Raises:
        DataError: If this is no Parquet file, a damaged one, or one without rows.
    """
    try:
        # A reader of its own for the batches: they come from threads, and the file has one position.
        file = pq.ParquetFile(pa.BufferReader(data))
        groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
        rows = arrow_table(
            file.schema_arrow,
            file.iter_batches(_BATCH_ROWS),
            [group.num_rows for group in groups],
            name,
        )
        columns = [groups[0].column(index) for index in range(groups[0].num_columns)]
        compression = {column.path_in_schema: _codec(column.compression) for column in columns}
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{name} cannot be read as Parquet: {first_line(error)}. It may be cut off; write it again."
        ) from error
    if sum(rows.piece_rows) != rows.table.num_rows:
        raise DataError(
            f"{name} states {sum(rows.piece_rows):,} rows and holds {rows.table.num_rows:,}. Write it again."
        )
    source = ParquetSource(data, rows, compression)
    notes = name_notes(rows.table.column_names)
    return Content("parquet", rows.frame(), source, notes, class_names=rows.class_names())


def _codec(name: str) -> str:
    return "none" if name == "UNCOMPRESSED" else name.lower()
