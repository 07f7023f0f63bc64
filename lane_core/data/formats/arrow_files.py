"""Read Arrow files and streams (Feather version 2 among them), and write them back with other labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc

from lane_core.data.formats.arrow_messages import body_compression
from lane_core.data.formats.arrow_tables import ArrowTable, arrow_table, first_line
from lane_core.data.formats.content import Content, Data, ReadOptions
from lane_core.data.formats.headers import name_notes
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_FILE_MARK = b"ARROW1\0\0"


@dataclass(frozen=True)
class ArrowSource:
    """What is needed to write an Arrow file or stream back."""

    data: Data
    rows: ArrowTable
    compression: str | None
    metadata: Mapping[bytes, bytes] | None
    """Of the file as a whole, beside that of its schema; a stream has none."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values in one column (by row, from 1), without the excluded rows.

        A file stays a file and a stream a stream, with their record batches, compression, schema and metadata; with
        nothing to change, so does every byte.
        """
        if not changes and not excluded:
            write_whole(path, lambda temporary: temporary.write_bytes(self.data))
            return
        pieces = self.rows.corrected(column, changes, excluded)
        write_whole(path, lambda temporary: self._write(pieces, temporary))

    def _write(self, pieces: Iterator[pa.Table], path: Path) -> None:
        options = ipc.IpcWriteOptions(compression=self.compression, unify_dictionaries=self._is_file)
        with pa.OSFile(str(path), "wb") as sink, self._writer(sink, options) as writer:
            for piece in pieces:
                writer.write_table(piece.combine_chunks())

    def _writer(self, sink: pa.NativeFile, options: ipc.IpcWriteOptions) -> Any:
        schema = self.rows.table.schema
        if self._is_file:
            return ipc.new_file(sink, schema, options=options, metadata=self.metadata)
        return ipc.new_stream(sink, schema, options=options)

    @property
    def _is_file(self) -> bool:
        return self.data[: len(_FILE_MARK)] == _FILE_MARK


def read_arrow(data: Data, name: str, options: ReadOptions) -> Content:
    """Return the values with their Arrow types.

    Raises:
        DataError: If this is no Arrow file or stream, a damaged one, or one without rows.
    """
    is_file = data[: len(_FILE_MARK)] == _FILE_MARK
    metadata = None
    try:
        if is_file:
            reader = ipc.open_file(pa.BufferReader(data))
            metadata = reader.metadata
            batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
        else:
            reader = ipc.open_stream(pa.BufferReader(data))
            batches = iter(reader)
        rows = arrow_table(reader.schema, batches, None, name)
        compression = body_compression(data, len(_FILE_MARK) if is_file else 0)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{name} cannot be read as Arrow: {first_line(error)}. It may be cut off; write it again."
        ) from error
    source = ArrowSource(data, rows, compression, metadata)
    kind = "an Arrow file" if is_file else "an Arrow stream"
    notes = (kind, *name_notes(rows.table.column_names))
    return Content("arrow", rows.frame(), source, notes, class_names=rows.class_names())
