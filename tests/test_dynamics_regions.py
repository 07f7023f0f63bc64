import numpy as np
import pytest

from lane_core.evidence.regions import inside

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def test_inside_a_box_in_either_direction() -> None:
    points = np.array([[0.5, 0.5], [1.5, 0.5], [0.5, -0.1], [-0.2, 0.9], [0.01, 0.99]])
    expected = [True, False, False, False, True]
    assert inside(points, SQUARE).tolist() == expected
    assert inside(points, SQUARE[::-1]).tolist() == expected
    # A lasso may name its first corner again at its end.
    assert inside(points, np.vstack([SQUARE, SQUARE[:1]])).tolist() == expected


def test_regions_that_share_an_edge_share_no_point() -> None:
    right = SQUARE + np.array([1.0, 0.0])
    on_edges = np.array([[1.0, 0.5], [1.0, 0.0], [0.0, 0.5], [0.5, 0.0], [0.5, 1.0], [2.0, 0.5]])
    assert inside(on_edges, SQUARE).tolist() == [False, False, True, True, False, False]
    assert inside(on_edges, right).tolist() == [True, True, False, False, False, False]


def test_a_concave_outline_leaves_its_bay_out() -> None:
    # A "C" that opens to the right.
    outline = np.array([[0, 0], [3, 0], [3, 1], [1, 1], [1, 2], [3, 2], [3, 3], [0, 3]], dtype=float)
    points = np.array([[2.0, 0.5], [2.0, 1.5], [2.0, 2.5], [0.5, 1.5]])
    assert inside(points, outline).tolist() == [True, False, True, True]


def test_what_a_crossing_lasso_covers_twice_is_outside() -> None:
    # A pentagram: its middle is wound around twice.
    angles = np.pi / 2 + np.arange(5) * 4 * np.pi / 5
    star = np.column_stack([np.cos(angles), np.sin(angles)])
    assert inside(np.array([[0.0, 0.0], [0.0, 0.9], [0.0, -0.9]]), star).tolist() == [False, True, False]


def test_a_circle_of_many_corners_agrees_with_the_radius() -> None:
    points = np.random.default_rng(3).uniform(-1.5, 1.5, (5000, 2)).astype(np.float32)
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    radius = np.hypot(*points.astype(float).T)
    clear = np.abs(radius - 1) > 1e-4
    assert (inside(points, circle) == (radius < 1))[clear].all()


def test_nothing_to_be_inside_of() -> None:
    points = np.array([[0.5, 0.5], [np.nan, 0.5]])
    assert inside(points, SQUARE[:2]).tolist() == [False, False]
    assert inside(points, np.empty((0, 2))).tolist() == [False, False]
    assert inside(points, SQUARE).tolist() == [True, False]
    assert inside(np.empty((0, 2)), SQUARE).tolist() == []


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"polygon must be \(N, 2\), x and y; it is \(4,\)"):
        inside(SQUARE, np.zeros(4))
