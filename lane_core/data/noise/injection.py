"""Noise injection: labels made wrong on purpose, in a known way, so that finding them can be judged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from lane_core.data.noise.class_distance import semantic_targets
from lane_core.data.noise.class_noise import Reading, pair_flips, semantic_flips, uniform_flips
from lane_core.data.noise.instance_noise import part_dependent_flips, teacher_flips
from lane_core.data.noise.noisy_labels import NoisyLabels
from lane_core.errors import ConfigError, DataError

NoiseKind = Literal["uniform", "semantic", "pair", "teacher", "pmd"]

_READINGS: dict[NoiseKind, tuple[Reading, ...]] = {
    "uniform": ("exact", "bernoulli", "resample", "permute"),
    "semantic": ("exact", "bernoulli"),
    "pair": ("exact", "bernoulli"),
    "teacher": ("exact",),
    "pmd": ("bernoulli",),
}
"""Ways to read "a share rho of the labels"; the first is the default of the kind."""
_INPUT_OF: dict[NoiseKind, str] = {
    "semantic": "distance",
    "teacher": "pred_probs",
    "pmd": "embeddings",
}
"""The input that a kind cannot do without."""
_MATRICES = ("distance", "pred_probs", "embeddings")
_OPTIONAL_INPUTS: dict[NoiseKind, tuple[str, ...]] = {"semantic": ("gamma",), "pair": ("pairs",)}


def inject_noise(
    labels: npt.ArrayLike,
    rate: float,
    kind: NoiseKind = "uniform",
    *,
    num_classes: int | None = None,
    reading: Reading | None = None,
    distance: npt.ArrayLike | None = None,
    gamma: float | None = None,
    pairs: Mapping[int, int] | None = None,
    pred_probs: npt.ArrayLike | None = None,
    embeddings: npt.ArrayLike | None = None,
    is_train: npt.ArrayLike | None = None,
    seed: int = 0,
) -> NoisyLabels:
    r"""Return the labels with a known share of them made wrong.

    What ``kind`` decides is the class that a flipped label becomes:

    * ``uniform``: any of the K - 1 others, all equally likely.
    * ``semantic``: nearer classes more often (eq. 10), for k other than y:

      .. math:: P(k \mid y) = \exp(-\gamma d_{yk}) / \sum_{j \ne y} \exp(-\gamma d_{yj})

    * ``pair``: the class after it, (y + 1) mod K, or the one that ``pairs`` names.
    * ``teacher``: the class that a weak classifier takes the text for (``instance_noise.teacher_flips``).
    * ``pmd``: part-dependent: a class that the text's embedding points to (``instance_noise.part_dependent_flips``).

    What ``reading`` decides is which labels, with N the rows that may be flipped:

    * ``exact``: round(rate * N) rows drawn without replacement, all of them flipped. Default. ``teacher`` takes
      floor(rate * N) rows by its own rule.
    * ``bernoulli``: each row on its own with probability ``rate``: eq. 10 and (y + 1) mod K to the letter. The rate
      holds on average. ``pmd`` is always this, with a probability of its own for each row.
    * ``resample`` (uniform only): round(rate * N) rows get one of all K classes, so 1/K of them keep theirs.
    * ``permute`` (uniform only): round(rate * N) rows exchange their labels. Class sizes stay as they are; about
      rate * (1 - sum of squared class shares) flip.

    Small classes differ most: ``exact`` can fill half of a 1 % class with wrong rows, ``permute`` cannot.

    Args:
        labels: True class codes, (N,), whole numbers in 0…K-1. Names become codes by
            ``np.unique(names, return_inverse=True)[1]``.
        rate: Share of rows to flip, rho, in [0, 1].
        kind: uniform, semantic, pair, teacher or pmd.
        num_classes: K; None = the size of ``distance`` or the width of ``pred_probs``, else the largest code plus 1.
        reading: exact, bernoulli, resample or permute; None = exact (pmd: bernoulli).
        distance: For ``semantic``: (K, K), row = true class, 0 or more; the diagonal is not read. See
            ``lane_core.data.noise.class_distance``.
        gamma: For ``semantic``: how steeply far classes become rare; None = 1, the paper's. 0 is uniform.
        pairs: For ``pair``: true class -> class it becomes. Labels of classes without an entry are never flipped,
            and ``rate`` is the share of those that have one.
        pred_probs: For ``teacher``: (N, K), the class probabilities of a weak classifier.
        embeddings: For ``pmd``: (N, d).
        is_train: (N,), True for the rows that may be flipped; None = all.
        seed: The same seed and inputs give the same flips.

    Returns:
        The noisy labels with the true ones apart, the realised rate and the realised transition matrix.

    Raises:
        ConfigError: If an option cannot work, is missing, or belongs to another kind.
        DataError: If the labels are not class codes, or no row may be flipped.

    Example:
        >>> noise = inject_noise([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], 0.2, seed=1)
        >>> noise.realised_rate, int((noise.noisy_labels != noise.true_labels).sum())
        (0.2, 2)

    References:
        LANE, experiments (uniform) and eq. 10 (semantic); Qiao et al., SelfMix, COLING 2022 (pair, teacher). Differs:
        the paper does not say how it "shuffles" labels, so all four readings are here, and by default eq. 10 flips
        exactly the asked share.
    """
    inputs = {
        "distance": distance,
        "gamma": gamma,
        "pairs": pairs,
        "pred_probs": pred_probs,
        "embeddings": embeddings,
    }
    _check_options(rate, kind, seed, inputs)
    reading = _reading_of(kind, reading)
    codes = _codes(labels)
    train_rows = _train_rows(is_train, len(codes))
    matrices = {
        name: _matrix(name, value, len(codes)) for name in _MATRICES if (value := inputs[name]) is not None
    }
    num_classes = _num_classes(codes, num_classes, matrices)

    rng = np.random.default_rng(seed)
    parameters: dict[str, Any] = {"reading": reading}
    true = codes[train_rows]
    if kind == "uniform":
        noisy = uniform_flips(true, rate, num_classes, reading, rng)
    elif kind == "semantic":
        gamma = 1.0 if gamma is None else float(gamma)
        noisy = semantic_flips(true, rate, semantic_targets(matrices["distance"], gamma), reading, rng)
        parameters |= {"gamma": gamma, "distance": matrices["distance"].tolist()}
    elif kind == "pair":
        partner = _partners(pairs, num_classes)
        noisy = pair_flips(true, rate, partner, reading, rng)
        parameters |= {"pairs": {str(y): int(k) for y, k in enumerate(partner) if y != k}}
    elif kind == "teacher":
        noisy = teacher_flips(true, rate, matrices["pred_probs"][train_rows], rng)
        parameters |= {"pred_probs": _fingerprint(matrices["pred_probs"])}
    else:
        noisy = part_dependent_flips(true, rate, num_classes, matrices["embeddings"][train_rows], rng)
        parameters |= {"embeddings": _fingerprint(matrices["embeddings"])}

    all_noisy = codes.copy()
    all_noisy[train_rows] = noisy
    is_flipped = all_noisy != codes
    transitions = _transitions(true, noisy, num_classes)
    for array in (all_noisy, codes, is_flipped, transitions):
        array.flags.writeable = False
    return NoisyLabels(
        noisy_labels=all_noisy,
        true_labels=codes,
        is_flipped=is_flipped,
        kind=kind,
        rate=float(rate),
        parameters=parameters,
        seed=int(seed),
        num_train=len(train_rows),
        realised_rate=float(is_flipped.sum() / len(train_rows)),
        transition_matrix=transitions,
    )


def _transitions(
    true: npt.NDArray[np.int64], noisy: npt.NDArray[np.int64], num_classes: int
) -> npt.NDArray[np.float64]:
    """Return the realised transition matrix [true, noisy], (K, K), rows sum to 1."""
    counts = np.bincount(true * num_classes + noisy, minlength=num_classes**2).astype(np.float64)
    counts = counts.reshape(num_classes, num_classes)
    # A class without rows keeps itself, so that the matrix stays a transition matrix.
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    counts[empty, empty] = 1
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _check_options(rate: float, kind: NoiseKind, seed: int, inputs: Mapping[str, object]) -> None:
    if kind not in get_args(NoiseKind):
        raise ConfigError(
            f"There is no noise kind {kind!r}. Choose one of: {', '.join(get_args(NoiseKind))}."
        )
    if not 0 <= rate <= 1:
        raise ConfigError(f"rate is {rate!r}; it must be a fraction between 0 and 1 (20 % is 0.2).")
    if seed < 0:
        raise ConfigError(f"seed is {seed!r}; it must be 0 or more.")
    needed = _INPUT_OF.get(kind)
    if needed is not None and inputs[needed] is None:
        raise ConfigError(f"Noise of kind {kind!r} needs {needed}; hand it in.")
    read = {needed, *_OPTIONAL_INPUTS.get(kind, ())}
    for name, value in inputs.items():
        if value is not None and name not in read:
            raise ConfigError(
                f"{name} was handed in, but noise of kind {kind!r} does not read it. Leave it out."
            )


def _reading_of(kind: NoiseKind, reading: Reading | None) -> Reading:
    allowed = _READINGS[kind]
    if reading is not None and reading not in allowed:
        raise ConfigError(f"reading is {reading!r}; noise of kind {kind!r} takes: {', '.join(allowed)}.")
    return reading or allowed[0]


def _codes(labels: npt.ArrayLike) -> npt.NDArray[np.int64]:
    codes = np.array(labels)
    if codes.ndim != 1 or not len(codes):
        raise DataError(f"labels has shape {codes.shape}; it must be (N,) with at least one label.")
    if codes.dtype.kind not in "iu":
        raise DataError(
            f"labels holds {codes.dtype} (first: {codes[0]!r}); it must hold whole class codes from 0. "
            "Names become codes by np.unique(names, return_inverse=True)[1]."
        )
    if codes.min() < 0:
        raise DataError(f"labels holds {codes.min()} at row {codes.argmin()}; class codes start at 0.")
    return codes.astype(np.int64)


def _train_rows(is_train: npt.ArrayLike | None, num_examples: int) -> npt.NDArray[np.int64]:
    if is_train is None:
        return np.arange(num_examples)
    mask = np.asarray(is_train)
    if mask.dtype != np.bool_ or mask.shape != (num_examples,):
        raise ConfigError(
            f"is_train holds {mask.dtype} in shape {mask.shape}; it must hold True or False for each of the "
            f"{num_examples} labels."
        )
    if not mask.any():
        raise DataError("is_train is False for every row: no label may be flipped. Mark the training rows.")
    return np.flatnonzero(mask)


def _matrix(name: str, value: object, num_examples: int) -> npt.NDArray[np.float64]:
    matrix = np.array(value, dtype=np.float64)
    if matrix.ndim != 2 or (name != "distance" and len(matrix) != num_examples):
        expected = "(K, K)" if name == "distance" else f"({num_examples}, …), one row a label"
        raise ConfigError(f"{name} has shape {matrix.shape}; it must be {expected}.")
    return matrix


def _num_classes(
    codes: npt.NDArray[np.int64], num_classes: int | None, matrices: Mapping[str, npt.NDArray[np.float64]]
) -> int:
    said = {name: matrices[name].shape[1] for name in ("distance", "pred_probs") if name in matrices}
    if num_classes is not None:
        said["num_classes"] = num_classes
    if len(set(said.values())) > 1:
        named = ", ".join(f"{name} says {number}" for name, number in said.items())
        raise ConfigError(f"The number of classes is not clear: {named}. Make them agree.")
    found = next(iter(said.values()), int(codes.max()) + 1)
    if found < 2:
        raise ConfigError(f"There is {found} class; noise needs at least 2. Say how many with num_classes.")
    if codes.max() >= found:
        raise DataError(
            f"labels holds {codes.max()} at row {codes.argmax()}, but with {found} classes the largest code "
            f"is {found - 1}. Codes start at 0."
        )
    return found


def _partners(pairs: Mapping[int, int] | None, num_classes: int) -> npt.NDArray[np.int64]:
    """Return the class that each class becomes, (K,); its own code where it is never flipped."""
    if pairs is None:
        return (np.arange(num_classes) + 1) % num_classes
    partner = np.arange(num_classes)
    for true, given in pairs.items():
        if true == given or not (0 <= true < num_classes and 0 <= given < num_classes):
            raise ConfigError(
                f"pairs holds {true!r}: {given!r}; both must be class codes in 0…{num_classes - 1}, and different."
            )
        partner[true] = given
    return partner


def _fingerprint(array: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {"shape": list(array.shape), "sha256": hashlib.sha256(array.tobytes()).hexdigest()}
