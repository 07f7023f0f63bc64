"""Where a data set comes from, as a person types it: a path, or the name of a data set of the Hugging Face hub."""

from __future__ import annotations

import re
from pathlib import Path

from lane_core.data.formats.folders import holds_tables_only
from lane_core.data.hub import fetch_hub
from lane_core.data.tables import Table, read_table
from lane_core.errors import DataError

HUB_PREFIX = "hf:"
_HUB_NAME = re.compile(r"(?P<name>[\w.-]+(/[\w.-]+)?)(:(?P<config>[^@\s]+))?(@(?P<split>\S+))?")


def fetch(text: str, into: Path) -> Path:
    """Return the local file or folder that a text stands for, for ``read_table`` to read.

    A path stands for itself, but for a folder with files of a data set of the hub (``data/train-00000.parquet``): such
    files are put together. ``hf:owner/name`` is fetched from the hub; ``hf:owner/name@split`` is one split of it,
    ``hf:owner/name:config`` one of its configurations, ``hf:owner/name:config@split`` both.

    Args:
        text: What a person typed.
        into: Folder for what has to be fetched, or put together.

    Raises:
        DataError: If there is no such file, or the hub cannot be reached or does not have it.
    """
    typed = text.strip()
    if typed.startswith(HUB_PREFIX):
        found = _HUB_NAME.fullmatch(typed.removeprefix(HUB_PREFIX).strip())
        if found is None:
            raise DataError(
                f"{typed[:80]!r} is no name of a data set. Write hf:owner/name, hf:owner/name@split or "
                "hf:owner/name:config@split."
            )
        return fetch_hub(found["name"], into, found["config"], found["split"])
    path = Path(typed).expanduser()
    if not typed or not path.exists():
        raise DataError(
            f"There is no file or folder {typed[:200]!r}. Check the path; a data set of the Hugging Face hub is "
            "written hf:owner/name."
        )
    return fetch_hub(str(path.resolve()), into) if path.is_dir() and holds_tables_only(path) else path


def read_hub(
    name: str,
    into: Path,
    config: str | None = None,
    split: str | None = None,
    revision: str | None = None,
) -> Table:
    """Fetch a data set of the Hugging Face hub and read it; arguments and errors as of ``fetch_hub``."""
    return read_table(fetch_hub(name, into, config, split, revision))
