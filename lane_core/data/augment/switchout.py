"""SwitchOut: a random few word pieces of a text become random others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

TAU = 0.8
"""Temperature of the number of switched pieces; 0.8 gives 0.82 pieces a text on average."""

# Places that vocabularies reserve: [unused7] (BERT), <unused7> (Gemma), madeupword0001 (fairseq), <extra_id_7> (T5).
_RESERVED = re.compile(r"[\[<]unused_?\d+[\]>]|madeupword\d+|<extra_id_\d+>")


def allowed_ids(tokenizer: Any) -> npt.NDArray[np.int64]:
    """Return the ids that may be put in: the vocabulary without special and reserved ones, ascending.

    Args:
        tokenizer: A Hugging Face tokenizer.
    """
    special = special_ids(tokenizer)
    ids = {id_ for piece, id_ in tokenizer.get_vocab().items() if not _RESERVED.fullmatch(piece)}
    return np.array(sorted(ids - special), dtype=np.int64)


def special_ids(tokenizer: Any) -> frozenset[int]:
    """Return the ids of [PAD], [CLS], [SEP], [MASK], [UNK] and whatever else the tokenizer calls special."""
    added = {id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(added | set(tokenizer.all_special_ids))


def switched_count_probs(length: int, tau: float = TAU) -> npt.NDArray[np.float64]:
    r"""Return the probability of each number of switched pieces, (length + 1,).

    .. math:: P(n) = \frac{\exp(-\tau n)}{\sum_{m=0}^{L} \exp(-\tau m)}, \quad n = 0 \dots L

    For a long text the mean is :math:`1 / (e^{\tau} - 1)`: 0.82 at 0.8.

    >>> switched_count_probs(2, tau=np.log(2)).round(4).tolist()
    [0.5714, 0.2857, 0.1429]
    """
    weights = np.exp(-tau * np.arange(length + 1))
    probs: npt.NDArray[np.float64] = weights / weights.sum()
    return probs


def switch_out(
    ids: Sequence[int],
    special: frozenset[int],
    allowed: npt.NDArray[np.int64],
    generator: np.random.Generator,
    tau: float = TAU,
) -> list[int]:
    """Return the ids with some replaced.

    A number n is drawn (``switched_count_probs``, L = pieces that are not special); then each of the L
    positions is replaced with probability n / L by an allowed id, all equally likely.

    Args:
        ids: Word pieces of one text, special ones included; these stay.
        special: Ids that are never replaced (``special_ids``).
        allowed: Ids that may be put in (``allowed_ids``).
        generator: Decides.
        tau: A larger one switches fewer.

    Returns:
        As many ids as came in.

    References:
        Wang et al. 2018, SwitchOut, algorithm 1. Differs from the paper: nothing in the distribution. Its
        published code counts the start token out in a way that leaves no text unchanged (n >= 1, mean 1.82)
        and may put special ids in; this does neither. A piece may come out as itself, by chance of 1 in
        the size of the vocabulary.
    """
    switched = list(ids)
    places = np.array([at for at, id_ in enumerate(ids) if id_ not in special], dtype=np.int64)
    if len(places) == 0:
        return switched
    number = generator.choice(len(places) + 1, p=switched_count_probs(len(places), tau))
    hit = places[generator.random(len(places)) < number / len(places)]
    for at, id_ in zip(hit.tolist(), generator.choice(allowed, size=len(hit)).tolist(), strict=True):
        switched[at] = id_
    return switched
