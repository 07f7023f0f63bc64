"""Data sets of the Hugging Face hub: fetched once, and saved in a folder so that nothing later needs the hub."""

from __future__ import annotations

import re
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from lane_core.data.formats.hf_datasets import quiet
from lane_core.data.whole_files import write_whole_folder
from lane_core.errors import DataError

_ANSWER_SECONDS = 5.0
"""The library itself asks five times more when nobody answers, and takes half a minute to say so."""
_LINE_CHARACTERS = 300


def fetch_hub(
    name: str, into: Path, config: str | None = None, split: str | None = None, revision: str | None = None
) -> Path:
    """Fetch a data set of the hub, and save it in a folder that ``read_table`` reads.

    Programs that a data set brings along are never run. A private data set needs the token of ``hf auth login`` or
    HF_TOKEN. Progress is shown on the terminal.

    Args:
        name: ``owner/name``, or a local folder laid out like one of the hub: data files in a split each.
        into: Folder in which the data set gets one of its own.
        config: One of its configurations; None = the only one.
        split: One of its splits; None = all.
        revision: Branch, tag or commit; None = the newest.

    Returns:
        The folder, as ``save_to_disk`` writes it.

    Raises:
        DataError: If the hub cannot be reached (within some seconds), or has no such data set, configuration or split.
    """
    if not Path(name).is_dir():
        require_hub(f"fetch the data set {name}", "choose a file, or a folder that save_to_disk has written")
    from datasets import load_dataset

    described = "_".join(part for part in (Path(name).name, config, split) if part)
    folder = into / (re.sub(r"[^\w.-]+", "_", described).strip("._") or "dataset")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=into, ignore_cleanup_errors=True) as cache:
        try:
            found = load_dataset(name, config, split=split, revision=revision, cache_dir=cache)
        except hub_errors() as error:
            raise DataError(
                f"The data set {name}{_detail(config, split, revision)} cannot be fetched: {in_words(error)}"
            ) from error
        write_whole_folder(folder, lambda temporary: _save(found, temporary))
    return folder


def hub_errors() -> tuple[type[Exception], ...]:
    """Return what the libraries of the hub raise when something is not there, not allowed or not as it should be."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub import errors

    # Their library for HTTP has changed before; its error is one of theirs by name only.
    return (
        OSError,
        ValueError,
        RuntimeError,
        DatasetsError,
        errors.RevisionResolutionError,
        vars(errors)["HTTPError"],
    )


def require_hub(purpose: str, instead: str) -> None:
    """Raise DataError unless the hub answers within some seconds.

    Args:
        purpose: What it is needed for, as in "to fetch the data set".
        instead: What can be done without it.
    """
    import datasets
    from huggingface_hub import constants

    if constants.is_offline_mode() or datasets.config.HF_HUB_OFFLINE:
        raise DataError(
            f"The Hugging Face hub is switched off here (HF_HUB_OFFLINE), and is needed to {purpose}. "
            f"Unset HF_HUB_OFFLINE and start again, or {instead}."
        )
    if not _answers(constants.ENDPOINT):
        raise DataError(
            f"The Hugging Face hub ({constants.ENDPOINT}) does not answer, and is needed to {purpose}. "
            f"Check the network, or {instead}."
        )


def _answers(address: str) -> bool:
    """Return whether a server says anything at all. A name server that is silent would hold up any timeout of HTTP."""
    from huggingface_hub import get_session

    answered = threading.Event()

    def ask() -> None:
        with suppress(*hub_errors()):
            get_session().head(address, timeout=_ANSWER_SECONDS)
            answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_ANSWER_SECONDS + 1)
    return answered.is_set()


def _save(found: Any, path: Path) -> None:
    with quiet():
        found.save_to_disk(str(path))


def _detail(config: str | None, split: str | None, revision: str | None) -> str:
    said = (("configuration", config), ("split", split), ("revision", revision))
    words = [f"{what} {value!r}" for what, value in said if value is not None]
    return f" ({', '.join(words)})" if words else ""


def in_words(error: BaseException) -> str:
    """Return what the library says in one line that ends like a sentence; its advice is to people who program."""
    line = " ".join(str(error).split())[:_LINE_CHARACTERS] or type(error).__name__
    return line if line.endswith((".", "!", "]")) else f"{line}."
