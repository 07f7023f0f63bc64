"""What an export says about itself: its fingerprint and its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from lane_core.data.whole_files import write_whole


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(values: Mapping[str, object], path: Path) -> None:
    """Write the values as indented JSON in UTF-8, keys in the order given.

    Raises:
        DataError: If the place cannot be written to.
    """
    text = json.dumps(dict(values), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
