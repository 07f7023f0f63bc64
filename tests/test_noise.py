"""Noise injection: every kind and reading by hand, realised rates, transition matrices, repeatability, errors."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lane_core
from lane_core.data.noise.class_distance import ordinal_distance
from lane_core.data.noise.injection import inject_noise
from lane_core.data.noise.noisy_labels import NoisyLabels
from lane_core.errors import ConfigError, DataError

BALANCED = np.repeat(np.arange(4), 2500)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def options_of(kind: str, num_examples: int, num_classes: int) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    if kind == "semantic":
        return {"distance": ordinal_distance(range(num_classes))}
    if kind == "teacher":
        return {"pred_probs": rng.dirichlet(np.ones(num_classes), num_examples)}
    if kind == "pmd":
        return {"embeddings": rng.normal(size=(num_examples, 5)), "num_classes": num_classes}
    return {"num_classes": num_classes}


KINDS_AND_READINGS = [
    ("uniform", "exact"),
    ("uniform", "bernoulli"),
    ("uniform", "resample"),
    ("uniform", "permute"),
    ("semantic", "exact"),
    ("semantic", "bernoulli"),
    ("pair", "exact"),
    ("pair", "bernoulli"),
    ("teacher", None),
    ("pmd", None),
]


@settings(max_examples=60)
@given(
    st.sampled_from(KINDS_AND_READINGS),
    st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
    st.data(),
)
def test_what_holds_for_every_kind(
    kind_and_reading: tuple[str, str | None], labels: list[int], rate: float, seed: int, data: st.DataObject
) -> None:
    kind, reading = kind_and_reading
    is_train = np.array(data.draw(st.lists(st.booleans(), min_size=len(labels), max_size=len(labels))))
    is_train[data.draw(st.integers(0, len(labels) - 1))] = True
    options = options_of(kind, len(labels), 4) | {"is_train": is_train, "seed": seed}
    noise = inject_noise(labels, rate, kind, reading=reading, **options)

    assert noise.true_labels.tolist() == labels
    assert noise.is_flipped.tolist() == [
        bool(a != b) for a, b in zip(noise.noisy_labels, labels, strict=True)
    ]
    assert not noise.is_flipped[~is_train].any()
    assert set(noise.noisy_labels.tolist()) <= {0, 1, 2, 3}
    assert noise.num_train == is_train.sum()
    assert noise.realised_rate == noise.is_flipped.sum() / is_train.sum()

    counted = Counter(zip(noise.true_labels[is_train], noise.noisy_labels[is_train], strict=True))
    for true in range(4):
        total = sum(count for (of, _), count in counted.items() if of == true)
        expected = [counted[true, to] / total if total else float(to == true) for to in range(4)]
        assert noise.transition_matrix[true].tolist() == pytest.approx(expected)

    again = inject_noise(labels, rate, kind, reading=reading, **options)
    assert again.noisy_labels.tolist() == noise.noisy_labels.tolist()
    if reading == "exact":
        assert noise.is_flipped.sum() == round(rate * is_train.sum())
    if reading == "permute":
        assert Counter(noise.noisy_labels.tolist()) == Counter(labels)
    if rate == 0:
        assert not noise.is_flipped.any()


def test_another_seed_flips_other_rows() -> None:
    masks = [inject_noise(BALANCED, 0.2, seed=seed).is_flipped for seed in (0, 1)]
    # Two independent fifths share a twenty-fifth of the rows.
    assert (masks[0] & masks[1]).sum() == pytest.approx(400, abs=80)


def test_uniform_exact() -> None:
    noise = inject_noise(BALANCED, 0.3, seed=3)
    assert noise.is_flipped.sum() == 3000
    assert noise.realised_rate == 0.3
    off_diagonal = noise.transition_matrix[~np.eye(4, dtype=bool)]
    assert off_diagonal == pytest.approx(np.full(12, 0.1), abs=0.02)


def test_uniform_bernoulli_holds_on_average() -> None:
    counts = [inject_noise(BALANCED, 0.3, reading="bernoulli", seed=s).is_flipped.sum() for s in range(5)]
    # Standard deviation of one count: sqrt(10,000 * .3 * .7) = 46.
    assert np.mean(counts) == pytest.approx(3000, abs=100)
    assert len(set(counts)) > 1


def test_uniform_resample_keeps_one_in_k() -> None:
    noise = inject_noise(BALANCED, 0.4, reading="resample")
    # 0.4 * (1 - 1/4)
    assert noise.realised_rate == pytest.approx(0.3, abs=0.015)


def test_uniform_permute_keeps_class_sizes_and_flips_less() -> None:
    labels = np.repeat([0, 1, 2], [8000, 1500, 500])
    noise = inject_noise(labels, 0.5, reading="permute")
    assert np.bincount(noise.noisy_labels).tolist() == [8000, 1500, 500]
    # 0.5 * (1 - (.8^2 + .15^2 + .05^2)) = 0.5 * 0.335
    assert noise.realised_rate == pytest.approx(0.1675, abs=0.01)


def test_exact_floods_a_small_class() -> None:
    labels = np.repeat(np.arange(27), [100, *[377] * 10, *[383] * 10, *[384] * 4, 382, 382])
    noise = inject_noise(labels, 0.2, seed=1)
    # A 1 % class of 27 at 20 % receives about .99 * .2 / 26 = 0.76 % of N wrong rows.
    wrong = ((noise.noisy_labels == 0) & noise.is_flipped).sum()
    assert wrong / len(labels) == pytest.approx(0.0076, abs=0.002)


@pytest.mark.parametrize("reading", ["exact", "bernoulli"])
def test_semantic_follows_eq_10(reading: str) -> None:
    labels = np.repeat(np.arange(5), 20_000)
    noise = inject_noise(
        labels, 0.5, "semantic", distance=ordinal_distance(range(5)), reading=reading, seed=2
    )
    # rho times the shares of METHODS' check: .644/.237/.087/.032 from an end, .134/.366 from the middle.
    assert noise.transition_matrix[0] == pytest.approx(
        np.array([0.5, 0.322, 0.1185, 0.0435, 0.016]), abs=0.012
    )
    assert noise.transition_matrix[2] == pytest.approx(np.array([0.067, 0.183, 0.5, 0.183, 0.067]), abs=0.012)
    if reading == "exact":
        assert noise.is_flipped.sum() == 50_000
    else:
        assert noise.realised_rate == pytest.approx(0.5, abs=0.01)
        assert noise.realised_rate != 0.5


def test_semantic_gamma() -> None:
    distance = [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    labels = np.zeros(20_000, dtype=int)
    # P(1 | 0) = 1 / (1 + e^-gamma): .5 at 0, .731 at 1 (the default), .982 at 4.
    for gamma, expected in ((0.0, 0.5), (None, 0.7311), (4.0, 0.9820)):
        noise = inject_noise(labels, 1.0, "semantic", distance=distance, gamma=gamma)
        assert noise.transition_matrix[0, 1] == pytest.approx(expected, abs=0.012)
        assert noise.transition_matrix[0, 0] == 0
    assert noise.transition_matrix[1].tolist() == [0, 1, 0]


def test_pair_goes_to_the_next_class() -> None:
    noise = inject_noise([0, 1, 2, 2], 1.0, "pair")
    assert noise.noisy_labels.tolist() == [1, 2, 0, 0]
    assert inject_noise(BALANCED, 0.2, "pair").transition_matrix[3, 0] == pytest.approx(0.2, abs=0.03)


def test_pair_map_leaves_other_classes_alone() -> None:
    noise = inject_noise([0, 1, 2, 3] * 10, 0.5, "pair", pairs={0: 2, 1: 0})
    assert noise.transition_matrix[2].tolist() == [0, 0, 1, 0]
    assert noise.transition_matrix[3].tolist() == [0, 0, 0, 1]
    # Half of the 20 rows that have a partner.
    assert noise.is_flipped.sum() == 10
    flipped = set(zip(noise.true_labels[noise.is_flipped], noise.noisy_labels[noise.is_flipped], strict=True))
    assert flipped == {(0, 2), (1, 0)}
    assert noise.manifest()["parameters"]["pairs"] == {"0": 2, "1": 0}


TEACHER_LABELS = [0, 0, 1, 1, 2]
TEACHER_PROBS = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.9, 0.1, 0.0], [0.15, 0.5, 0.35], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.19, [0, 0, 1, 1, 2]),
        (0.2, [0, 0, 0, 1, 2]),
        (0.59, [0, 2, 0, 1, 2]),
        (0.6, [0, 2, 0, 2, 2]),
        (0.8, [1, 2, 0, 2, 2]),
    ],
)
def test_teacher_by_hand(rate: float, expected: list[int]) -> None:
    # Wrong: row 2 (.9 for class 0), row 1 (.6 for 2).
    # Right, by second class: row 3 (.35 for 2), row 0 (.2 for 1), row 4 (none).
    noise = inject_noise(TEACHER_LABELS, rate, "teacher", pred_probs=TEACHER_PROBS)
    assert noise.noisy_labels.tolist() == expected


def test_teacher_without_a_second_class_draws_one() -> None:
    found = {
        inject_noise(TEACHER_LABELS, 1.0, "teacher", pred_probs=TEACHER_PROBS, seed=seed).noisy_labels[4]
        for seed in range(20)
    }
    assert found == {0, 1}


def test_teacher_counts_and_ranks_training_rows_alone() -> None:
    is_train = np.array([True, True, False, True, False])
    noise = inject_noise(TEACHER_LABELS, 0.4, "teacher", pred_probs=TEACHER_PROBS, is_train=is_train)
    assert noise.noisy_labels.tolist() == [0, 2, 1, 1, 2]


def test_teacher_takes_29_of_100() -> None:
    # 0.29 * 100 is 28.999999999999996.
    noise = inject_noise([0] * 100, 0.29, "teacher", pred_probs=[[0.6, 0.4]] * 100)
    assert np.flatnonzero(noise.is_flipped).tolist() == list(range(29))


def test_pmd_depends_on_embedding_and_class() -> None:
    embedding = np.array([1.0, -2.0, 0.5, 1.5])
    # Four groups: class 0 at e, class 0 at -e, class 1 at e, class 1 at -e. Standardised, e is +-1 in each column.
    labels = np.repeat([0, 0, 1, 1], 10_000)
    signs = np.repeat([1.0, -1.0, 1.0, -1.0], 10_000)
    noise = inject_noise(labels, 0.5, "pmd", embeddings=signs[:, None] * embedding, num_classes=4, seed=4)
    log_ratios = []
    for group in range(4):
        given = np.bincount(noise.noisy_labels[group * 10_000 : (group + 1) * 10_000], minlength=4)
        log_ratios.append(np.log(given[2] / given[3]))
    # The scores change sign with the embedding, and another class has other directions.
    assert abs(log_ratios[0]) > 0.3
    assert log_ratios[1] == pytest.approx(-log_ratios[0], abs=0.15)
    assert log_ratios[3] == pytest.approx(-log_ratios[2], abs=0.15)
    assert abs(log_ratios[2] - log_ratios[0]) > 0.3


def test_pmd_does_not_saturate_in_many_dimensions() -> None:
    # Scores of 400 columns of +-1 over sqrt(400) are N(0, 1): no class takes nearly all. Undivided they are N(0, 20^2).
    embeddings = np.repeat([[1.0], [-1.0]], 2000, axis=0) * np.random.default_rng(1).normal(size=400)
    noise = inject_noise(np.zeros(4000, dtype=int), 0.5, "pmd", embeddings=embeddings, num_classes=6)
    for half in (noise.noisy_labels[:2000], noise.noisy_labels[2000:]):
        assert np.bincount(half[half > 0], minlength=6)[1:].max() / (half > 0).sum() < 0.8


@pytest.mark.parametrize(("rate", "expected"), [(0.2, 0.2055), (0.05, 0.1009), (0.5, 0.5)])
def test_pmd_rate_is_the_mean_of_the_truncated_normal(rate: float, expected: float) -> None:
    # rate + 0.1 * phi(a) / (1 - Phi(a)) with a = -rate / 0.1: phi(2) = .05399, Phi(2) = .97725; phi(.5) = .35207.
    embeddings = np.random.default_rng(0).normal(size=(len(BALANCED), 6))
    noise = inject_noise(BALANCED, rate, "pmd", embeddings=embeddings)
    assert noise.realised_rate == pytest.approx(expected, abs=0.012)


def test_pmd_reads_standardised_embeddings() -> None:
    embeddings = np.random.default_rng(0).normal(size=(300, 3))
    labels = np.arange(300) % 3
    plain = inject_noise(labels, 0.4, "pmd", embeddings=embeddings)
    moved = inject_noise(labels, 0.4, "pmd", embeddings=embeddings * [5, 0.1, 2] + [3, -4, 100])
    assert moved.noisy_labels.tolist() == plain.noisy_labels.tolist()
    constant = inject_noise(labels, 0.4, "pmd", embeddings=np.ones((300, 3)))
    assert 0 < constant.is_flipped.sum() < 300


def test_nothing_can_be_changed_and_nothing_was() -> None:
    labels = np.array([0, 1, 2, 0])
    noise = inject_noise(labels, 0.5)
    assert labels.tolist() == [0, 1, 2, 0]
    labels[0] = 2
    assert noise.true_labels.tolist() == [0, 1, 2, 0]
    for array in (noise.noisy_labels, noise.true_labels, noise.is_flipped, noise.transition_matrix):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_manifest_tells_all_but_the_truth() -> None:
    noise = inject_noise(
        [0, 1, 0, 1], 0.5, "semantic", distance=[[0, 1], [1, 0]], seed=9, is_train=[True, False] * 2
    )
    manifest = json.loads(json.dumps(noise.manifest(), allow_nan=False))
    assert manifest == {
        "kind": "semantic",
        "rate": 0.5,
        "parameters": {"reading": "exact", "gamma": 1.0, "distance": [[0.0, 1.0], [1.0, 0.0]]},
        "seed": 9,
        "num_examples": 4,
        "num_train": 2,
        "num_flipped": 1,
        "num_classes": 2,
        "realised_rate": 0.5,
        "transition_matrix": [[0.5, 0.5], [0.0, 1.0]],
    }
    assert "true_labels" not in repr(noise)
    assert "is_flipped" not in repr(noise)


def test_large_inputs_are_in_the_manifest_by_fingerprint() -> None:
    one, other = (
        inject_noise(TEACHER_LABELS, 0.2, "teacher", pred_probs=probs).manifest()["parameters"]["pred_probs"]
        for probs in (TEACHER_PROBS, TEACHER_PROBS[::-1])
    )
    assert one["shape"] == other["shape"] == [5, 3]
    assert one["sha256"] != other["sha256"]


def test_the_true_labels_are_written_apart(tmp_path: Path) -> None:
    noise = inject_noise([2, 0, 1, 1], 1.0, "pair")
    noise.write(tmp_path / "given", tmp_path / "truth")
    assert sorted(path.name for path in (tmp_path / "given").iterdir()) == ["given_labels.csv", "noise.json"]
    assert [path.name for path in (tmp_path / "truth").iterdir()] == ["true_labels.csv"]
    assert [row["given_label"] for row in rows(tmp_path / "given" / "given_labels.csv")] == [
        "0",
        "1",
        "2",
        "2",
    ]
    assert rows(tmp_path / "truth" / "true_labels.csv")[0] == {
        "index": "0",
        "true_label": "2",
        "is_flipped": "1",
    }
    manifest = json.loads((tmp_path / "given" / "noise.json").read_text(encoding="utf-8"))
    assert manifest == noise.manifest()
    with pytest.raises(DataError, match="would both stand in"):
        noise.write(tmp_path / "given", tmp_path / "truth" / ".." / "given")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kind": "asym"},
            "There is no noise kind 'asym'. Choose one of: uniform, semantic, pair, teacher, pmd",
        ),
        ({"rate": 20}, "rate is 20; it must be a fraction between 0 and 1"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"seed": -1}, "seed is -1"),
        (
            {"reading": "shuffle"},
            "reading is 'shuffle'; noise of kind 'uniform' takes: exact, bernoulli, resample",
        ),
        ({"kind": "pair", "reading": "permute"}, "noise of kind 'pair' takes: exact, bernoulli"),
        ({"kind": "semantic"}, "Noise of kind 'semantic' needs distance"),
        ({"kind": "teacher"}, "needs pred_probs"),
        ({"kind": "pmd"}, "needs embeddings"),
        ({"gamma": 2.0}, "gamma was handed in, but noise of kind 'uniform' does not read it"),
        ({"kind": "pair", "distance": np.eye(3)}, "distance was handed in"),
        ({"kind": "semantic", "distance": np.ones(3)}, r"distance has shape \(3,\); it must be \(K, K\)"),
        (
            {"kind": "semantic", "distance": np.ones((3, 3)), "num_classes": 4},
            "distance says 3, num_classes says 4",
        ),
        (
            {"kind": "pmd", "embeddings": np.ones((2, 2))},
            r"embeddings has shape \(2, 2\); it must be \(3, …\)",
        ),
        ({"kind": "pmd", "embeddings": np.full((3, 2), np.inf)}, "6 values that are not finite"),
        (
            {"kind": "teacher", "pred_probs": np.ones((3, 3))},
            r"not a distribution in 3 rows \(first sum: 3\)",
        ),
        ({"kind": "teacher", "pred_probs": [[2, -1, 0]] * 3}, "not a distribution in 3 rows"),
        (
            {"kind": "pair", "pairs": {0: 0}},
            "pairs holds 0: 0; both must be class codes in 0…2, and different",
        ),
        ({"kind": "pair", "pairs": {0: 3}}, "pairs holds 0: 3"),
        ({"is_train": [1, 0, 1]}, "is_train holds int64"),
        ({"is_train": [True]}, r"shape \(1,\); it must hold True or False for each of the 3 labels"),
        ({"labels": [0, 0]}, "There is 1 class; noise needs at least 2"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        inject_noise(**({"labels": [0, 1, 2], "rate": 0.2} | options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["joy", "fear"]}, r"Names become codes by np.unique\(names, return_inverse=True\)\[1\]"),
        ({"labels": [0.0, 1.0]}, "labels holds float64"),
        ({"labels": []}, r"labels has shape \(0,\)"),
        ({"labels": [[0], [1]]}, r"labels has shape \(2, 1\)"),
        ({"labels": [0, -1]}, "labels holds -1 at row 1; class codes start at 0"),
        (
            {"labels": [0, 5, 1], "num_classes": 3},
            "labels holds 5 at row 1, but with 3 classes the largest code is 2",
        ),
        ({"labels": [0, 1], "is_train": [False, False]}, "is_train is False for every row"),
    ],
)
def test_labels_that_cannot_work(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        inject_noise(**({"rate": 0.2} | options))


def test_it_is_public_and_light() -> None:
    assert lane_core.inject_noise is inject_noise
    assert isinstance(lane_core.inject_noise([0, 1], 0.5), NoisyLabels)
    program = (
        "import sys, lane_core; lane_core.inject_noise\n"
        "print(sorted({'torch', 'pandas', 'scipy', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
