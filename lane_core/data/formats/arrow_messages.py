"""How the record batches of an Arrow file are compressed: pyarrow reads them, but does not tell."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.ipc as ipc

from lane_core.data.formats.content import Data

_CODECS = ("lz4", "zstd")
"""By number, in Message.fbs of the Arrow format."""
_HEADER = 2
_COMPRESSION = 3
_CODEC = 0


def body_compression(data: Data, start: int) -> str | None:
    """Return the codec of the first record batch: lz4, zstd, or None.

    Args:
        data: A file or stream that was read before without a fault.
        start: Byte where the messages begin.
    """
    for message in ipc.MessageReader.open_stream(pa.BufferReader(data).read_buffer()[start:]):
        if message.type == "record batch":
            return _codec(message.metadata.to_pybytes())
    return None


def _codec(message: bytes) -> str | None:
    """Walk from the message to its header, to the compression, to the codec (tables of FlatBuffers)."""
    position = _follow(message, 0)
    for field in (_HEADER, _COMPRESSION):
        offset = _field(message, position, field)
        if not offset:
            return None
        position = _follow(message, position + offset)
    offset = _field(message, position, _CODEC)
    return _CODECS[message[position + offset] if offset else 0]


def _follow(message: bytes, position: int) -> int:
    return position + int.from_bytes(message[position : position + 4], "little")


def _field(message: bytes, table: int, number: int) -> int:
    """Return where a field of a table lies, from the table on; 0 if it is not there."""
    fields = table - int.from_bytes(message[table : table + 4], "little", signed=True)
    place = 4 + 2 * number
    if place >= int.from_bytes(message[fields : fields + 2], "little"):
        return 0
    return int.from_bytes(message[fields + place : fields + place + 2], "little")
