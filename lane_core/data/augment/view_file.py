"""Views in a file, so that a resumed run trains on the same ones."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from lane_core.data.augment.view_records import Substitution, Views
from lane_core.data.whole_files import write_whole

SCHEMA = pa.schema(
    [("view", pa.int32()), ("index", pa.int32()), ("text", pa.string()), ("token_ids", pa.list_(pa.int32()))]
)
"""One row a view and example, view by view. ``text`` is before, ``token_ids`` after pieces were switched."""

_T = TypeVar("_T")
_FINGERPRINT, _REST = b"lane_fingerprint", b"lane_views"


def write_views(path: Path, fingerprint: str, views: Views) -> None:
    """Write views as Parquet, whole or not at all.

    Raises:
        DataError: If the place cannot be written to.
    """
    num_texts = len(views.texts[0])
    token_ids = (
        [None] * (views.num_views * num_texts) if views.token_ids is None else _joined(views.token_ids)
    )
    rest = {
        "operations": views.operations,
        "substitutions": [asdict(substitution) for substitution in views.substitutions],
    }
    table = pa.table(
        {
            "view": [view for view in range(views.num_views) for _ in range(num_texts)],
            "index": list(range(num_texts)) * views.num_views,
            "text": _joined(views.texts),
            "token_ids": token_ids,
        },
        schema=SCHEMA.with_metadata({_FINGERPRINT: fingerprint.encode(), _REST: json.dumps(rest).encode()}),
    )
    write_whole(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))


def read_views(path: Path, fingerprint: str) -> Views | None:
    """Return the views of a file; None if there is none, or it is not whole, or holds other views."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return None
    metadata = table.schema.metadata or {}
    if metadata.get(_FINGERPRINT) != fingerprint.encode():
        return None
    rest = json.loads(metadata[_REST])
    num_views = len(rest["operations"])
    num_texts = table.num_rows // num_views
    token_ids = table.column("token_ids")
    return Views(
        operations=tuple(tuple(names) for names in rest["operations"]),
        texts=tuple(_split(table.column("text").to_pylist(), num_texts, num_views)),
        token_ids=None
        if token_ids.null_count
        else tuple(_split(token_ids.to_pylist(), num_texts, num_views)),
        substitutions=tuple(Substitution(**values) for values in rest["substitutions"]),
    )


def _joined(views: tuple[list[_T], ...]) -> list[_T]:
    return list(itertools.chain.from_iterable(views))


def _split(rows: list[_T], num_texts: int, num_views: int) -> list[list[_T]]:
    return [rows[view * num_texts : (view + 1) * num_texts] for view in range(num_views)]
