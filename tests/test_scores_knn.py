"""k-NN agreement: votes by hand, near-duplicates, chunks, degenerate inputs."""

from __future__ import annotations

import numpy as np
import pytest

from lane_core.evidence import neighbours
from lane_core.evidence.knn import knn_agreement
from lane_core.evidence.neighbours import nearest_rows


def directions(*degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_votes_by_hand() -> None:
    # From 0 degrees: cos 60 = .5 (same label), cos 36.8699 = .8 (other), cos 120 = -.5 (same, counts as 0).
    rows = directions(0, 60, 36.8699, 120)
    found = knn_agreement(rows, np.array([0, 0, 1, 0]), k=3)
    assert found[0] == pytest.approx(0.5 / 1.3, abs=1e-5)
    # Its two nearest only: the example at 36.87 degrees and the one at 60 remain.
    assert knn_agreement(rows, np.array([0, 0, 1, 0]), k=1)[0] == 0.0


def test_the_length_of_an_embedding_does_not_matter() -> None:
    rows = directions(0, 60, 36.8699, 120)
    labels = np.array([0, 0, 1, 0])
    scaled = rows * np.array([[1], [7], [0.1], [30]], dtype=np.float32)
    np.testing.assert_allclose(
        knn_agreement(scaled, labels, k=3), knn_agreement(rows, labels, k=3), atol=1e-6
    )


def test_near_duplicates_have_no_vote() -> None:
    # cos 5 = .996 is the same text once more; cos 30 and cos 45 vote.
    rows = directions(0, 5, 30, -45)
    found = knn_agreement(rows, np.array([0, 0, 1, 0]), k=3)
    assert found[0] == pytest.approx(0.707107 / (0.707107 + 0.866025), abs=1e-5)
    # They take no place among the k either.
    assert knn_agreement(rows, np.array([0, 1, 0, 1]), k=1)[0] == 1.0


def test_where_nobody_votes_the_answer_is_that_of_a_random_neighbour() -> None:
    labels = np.array([0, 0, 0, 1])
    # All alike: of the three others, two have label 0 and none has label 1.
    same = np.ones((4, 3), dtype=np.float32)
    assert knn_agreement(same, labels).tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0])
    assert knn_agreement(np.zeros((4, 3), dtype=np.float32), labels).tolist() == pytest.approx(
        [2 / 3, 2 / 3, 2 / 3, 0]
    )
    assert knn_agreement(np.ones((1, 3), dtype=np.float32), np.array([5])).tolist() == [0.0]


def test_one_label_agrees_everywhere() -> None:
    assert knn_agreement(directions(0, 20, 50, 80), np.full(4, 3)).tolist() == pytest.approx([1.0] * 4)


def test_order_and_class_codes_do_not_matter() -> None:
    drawn = np.random.default_rng(0)
    rows = drawn.normal(size=(60, 8)).astype(np.float32)
    labels = drawn.integers(0, 4, 60)
    order = drawn.permutation(60)
    expected = knn_agreement(rows, labels, k=7)
    np.testing.assert_allclose(knn_agreement(rows[order], labels[order], k=7), expected[order], atol=1e-6)
    np.testing.assert_array_equal(knn_agreement(rows, 10 - labels, k=7), expected)


def test_chunks_give_what_all_at_once_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(2)
    rows = drawn.normal(size=(23, 5)).astype(np.float32)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    cosines[cosines > 0.8] = -2
    expected = np.argsort(-cosines, axis=1)[:, :4]
    monkeypatch.setattr(neighbours, "CHUNK_ROWS", 5)
    found, near = nearest_rows(rows, 4, max_cosine=0.8)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(near, np.take_along_axis(cosines, expected, axis=1), atol=1e-6)


def test_places_without_a_neighbour_are_marked() -> None:
    _, cosines = nearest_rows(directions(0, 5, 90), 2, max_cosine=0.98)
    assert cosines[0, 0] == pytest.approx(0, abs=1e-6)
    assert cosines[0, 1] == -np.inf


def test_other_numbers_of_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="4 embeddings do not fit 3 labels"):
        knn_agreement(directions(0, 20, 50, 80), np.array([0, 1, 0]))
