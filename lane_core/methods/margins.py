"""Margins of the given label: eq. 1 (margin) and eq. 3 (label-aware margin)."""

from __future__ import annotations

import torch
from torch import Tensor

LITERAL_MAX_SCALE = 1e6
"""Guard of the literal form: 1 / w would overflow where w underflows to 0."""


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Return how far the given label's logit stands above the strongest other one.

    With z = ``logits[i]`` and y = ``labels[i]``:

    .. math:: M_i = z_y - \max_{k \ne y} z_k

    Positive means the network agrees with the label. Unit: logits, unbounded. Differentiable.

    Args:
        logits: Raw class scores, float, (B, K) with K >= 2.
        labels: Given class codes, int64, (B,), in 0…K-1.

    Returns:
        One margin per example, (B,), dtype and device of ``logits``.

    Raises:
        ValueError: If the shapes do not fit; the message holds the shapes seen.

    Example:
        >>> margin(torch.tensor([[1.2, 1.8, 0.3]]), torch.tensor([0]))
        tensor([-0.6000])

    References:
        Sosea & Caragea, LANE, ICLR 2026, eq. 1; Pleiss et al., AUM, NeurIPS 2020. Differs: nothing.
    """
    given, others = _given_and_others(logits, labels)
    return given - others.amax(dim=1)


def strongest_rival(logits: Tensor, labels: Tensor) -> Tensor:
    """Return j = argmax over k != y of the logits: the strongest class other than the given one, int64, (B,)."""
    return _given_and_others(logits, labels)[1].argmax(dim=1)


def label_aware_margin(
    logits: Tensor, labels: Tensor, similarity: Tensor, max_scale: float | None = 10.0
) -> Tensor:
    r"""Return the margin, stretched where it is negative and the rival class is unlike the given one.

    With M the margin, j the strongest class other than y, and s the similarity of the two:

    .. math:: LM_i = M_i \cdot \min(1 / s_i, \text{max\_scale}) \text{ if } M_i < 0, \text{ else } M_i

    Unit: logits. The similarity is a constant here: no gradient flows into it.

    Args:
        logits: Raw class scores, float, (B, K).
        labels: Given class codes, int64, (B,).
        similarity: Either (B,), the similarity of each example's given class to its rival (the paper's
            w_{x,j}), or (K, K), row = given class, column = rival class. Above 0; may exceed 1 (then
            the margin shrinks).
        max_scale: Largest factor; None = 1e6, which is eq. 3 with a guard against overflow.

    Returns:
        One label-aware margin per example, (B,), in float32 where the logits are of half precision: 1e6 has no
        place in float16.

    Raises:
        ValueError: If the shapes do not fit; the message holds the shapes seen.

    Example:
        >>> logits, fear = torch.tensor([[1.2, 1.8]]), torch.tensor([0])
        >>> label_aware_margin(logits, fear, torch.tensor([0.522]))
        tensor([-1.1494])

    References:
        LANE eq. 3. Differs: the factor is bounded (default 10); a class matrix may stand for w_{x,j}.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    given, others = _given_and_others(logits, labels)
    strongest, rival = others.max(dim=1)
    num_examples, num_classes = logits.shape
    if similarity.shape == (num_classes, num_classes):
        similarity = similarity[labels, rival]
    elif similarity.shape != (num_examples,):
        raise ValueError(
            f"similarity has shape {tuple(similarity.shape)}; "
            f"expected ({num_examples},) or ({num_classes}, {num_classes})."
        )
    plain = given - strongest
    scale = similarity.detach().to(plain.dtype).reciprocal().clamp(max=max_scale or LITERAL_MAX_SCALE)
    return torch.where(plain < 0, plain * scale, plain)


def _given_and_others(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the given label's logits, (B,), and all logits with the given one's at minus infinity, (B, K)."""
    if logits.ndim != 2 or logits.shape[1] < 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"logits {tuple(logits.shape)} and labels {tuple(labels.shape)}; expected (B, K) with K >= 2 and (B,)."
        )
    given = logits.gather(1, labels[:, None])[:, 0]
    return given, logits.scatter(1, labels[:, None], float("-inf"))
