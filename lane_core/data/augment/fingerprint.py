"""One number that says which views these are: equal arguments, equal views."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lane_core.data.augment.back_translation import BackTranslation
from lane_core.data.augment.synonym_table import table_sha256

FORMAT = 1
"""Raised when views of the same arguments come out differently, or their file looks different."""


def fingerprint_of(
    texts: Sequence[str],
    ids: Sequence[str],
    is_train: npt.NDArray[np.bool_],
    settings: Any,
    tokenizer: Any,
    back_translation: BackTranslation | None,
) -> str:
    """Return the SHA-256 of everything that decides the views.

    Args:
        texts: N texts.
        ids: N ids.
        is_train: (N,).
        settings: Whatever else decides, as JSON can hold it.
        tokenizer: Counted by its vocabulary.
        back_translation: Counted by its own fingerprint, so that no model is loaded for this.
    """
    vocabulary = None if tokenizer is None else sorted(tokenizer.get_vocab().items())
    spoken = None if back_translation is None else back_translation.fingerprint
    digest = hashlib.sha256()
    for part in (
        FORMAT,
        table_sha256(),
        settings,
        spoken,
        vocabulary,
        list(texts),
        list(ids),
        is_train.tolist(),
    ):
        digest.update(json.dumps(part).encode() + b"\n")
    return digest.hexdigest()
