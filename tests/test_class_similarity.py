"""Forms of the class similarity, its tree and its severity: by hand, and against what a run computes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from lane_core.evidence.class_severity import class_severity
from lane_core.evidence.class_similarity import nearest_classes, symmetric, without_diagonal
from lane_core.evidence.class_tree import class_tree
from lane_core.methods.similarity import relative_class_similarity, severity

CLASSES = ["anger", "fear", "joy"]
SIMILARITY = pd.DataFrame(
    [[0.7, 0.2, 0.1], [0.25, 0.65, 0.1], [0.05, 0.15, 0.8]], index=CLASSES, columns=CLASSES
)


def test_symmetric_and_without_the_diagonal_by_hand() -> None:
    expected = [[0.7, 0.225, 0.075], [0.225, 0.65, 0.125], [0.075, 0.125, 0.8]]
    np.testing.assert_allclose(symmetric(SIMILARITY).to_numpy(), expected)
    expected = [[0, 2 / 3, 1 / 3], [5 / 7, 0, 2 / 7], [0.25, 0.75, 0]]
    found = without_diagonal(SIMILARITY)
    np.testing.assert_allclose(found.to_numpy(), expected)
    assert list(found.index) == list(found.columns) == CLASSES
    alone = pd.DataFrame(np.eye(2), index=["a", "b"], columns=["a", "b"])
    assert not without_diagonal(alone).to_numpy().any()


def test_nearest_classes_by_hand() -> None:
    found = nearest_classes(SIMILARITY)
    assert list(found.columns) == ["class", "nearest_1", "similarity_1", "nearest_2", "similarity_2"]
    assert found.to_numpy().tolist() == [
        ["anger", "fear", 0.2, "joy", 0.1],
        ["fear", "anger", 0.25, "joy", 0.1],
        ["joy", "fear", 0.15, "anger", 0.05],
    ]
    assert nearest_classes(SIMILARITY, 1)["nearest_1"].tolist() == ["fear", "anger", "fear"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("floor", [0.05, 0.5])
def test_severity_is_that_of_a_run(seed: int, floor: float) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.dirichlet(np.full(7, 0.4), 7).astype(np.float32)
    similarity[2] = np.eye(7)[2]
    used = np.array([True, True, False, True, True, True, True, False, True])
    everywhere = np.full((9, 9), 1 / 9)
    everywhere[used] = 0
    everywhere[np.ix_(used, used)] = similarity
    expected = np.zeros((9, 9))
    of_a_run = severity(relative_class_similarity(torch.from_numpy(similarity), floor))
    expected[np.ix_(used, used)] = of_a_run.numpy()
    np.testing.assert_allclose(class_severity(everywhere, used, floor), expected, atol=1e-6)


def test_fewer_than_two_used_classes_have_no_severity() -> None:
    assert not class_severity(np.full((3, 3), 1 / 3), np.array([False, True, False])).any()


def test_the_tree_joins_what_is_most_alike_first() -> None:
    # 0 with 2 (0.4), 1 with 3 (0.3); between the pairs 0.02 on average. The upper half differs from the lower one.
    similarity = np.array(
        [[0.5, 0.02, 0.5, 0.02], [0.02, 0.6, 0.02, 0.3], [0.3, 0.02, 0.5, 0.02], [0.02, 0.3, 0.02, 0.6]]
    )
    tree = class_tree(similarity)
    assert {frozenset(tree.order[:2]), frozenset(tree.order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    # A bracket runs from one part up to the join and down to the other part.
    brackets = {
        tuple(places): distances.round(6).tolist()
        for places, distances in zip(tree.places.tolist(), tree.distances, strict=True)
    }
    assert brackets.keys() == {(0, 0, 1, 1), (2, 2, 3, 3), (0.5, 0.5, 2.5, 2.5)}
    joins = {distances[1] for distances in brackets.values()}
    assert joins == {0.6, 0.7, 0.98}
    assert sorted(brackets[0.5, 0.5, 2.5, 2.5]) == [0.6, 0.7, 0.98, 0.98]


def test_one_class_has_a_tree_without_joins() -> None:
    tree = class_tree(np.ones((1, 1)))
    assert (tree.order, len(tree.places)) == ([0], 0)
