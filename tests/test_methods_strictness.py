"""The three lines: by hand, in order, and when scores are alike."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lane_core.methods.strictness import flag_limits


def test_by_hand() -> None:
    # P(wrong) .95, .9, .5, .1: sums .95, 1.85, 2.35, 2.45.
    # Precision .95, .925, .783: sure 2. F1 .55, .831, .862, .76: balanced 3. Recall .39, .755, .959: thorough 3.
    limits = flag_limits(torch.tensor([0.5, 0.05, 0.9, 0.1]))
    assert [limit.num_flagged for limit in limits.values()] == [2, 3, 3]
    assert [limit.below for limit in limits.values()] == pytest.approx([0.5, 0.9, 0.9])
    assert [limit.expected_precision for limit in limits.values()] == pytest.approx(
        [0.925, 2.35 / 3, 2.35 / 3]
    )


def test_equal_scores_stand_on_one_side() -> None:
    limits = flag_limits(torch.tensor([0.3, 0.3, 0.3, 0.3]))
    assert {limit.num_flagged for limit in limits.values()} <= {0, 4}
    assert limits["sure"].num_flagged == 0
    assert limits["sure"].expected_precision == 0


def test_in_clean_data_nothing_is_flagged() -> None:
    limits = flag_limits(torch.linspace(0.95, 0.999, 200))
    assert [limit.num_flagged for limit in limits.values()] == [0, 0, 0]


def test_no_line_is_drawn_where_most_flags_would_be_wrong() -> None:
    # Highest F1 is at all 12 (expected precision .4); half of them wrong is reached with 6: (.9 + 5 x .42) / 6.
    limits = flag_limits(1 - torch.tensor([0.9] + [0.42] * 5 + [0.3, 0.3, 0.3, 0.3, 0.3, 0.3]))
    assert limits["balanced"].expected_precision >= 0.5
    assert limits["thorough"].num_flagged > limits["balanced"].num_flagged


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=60))
def test_a_wider_line_flags_no_fewer(scores: list[float]) -> None:
    label_score = torch.tensor(scores)
    limits = flag_limits(label_score)
    counts = [limits[name].num_flagged for name in ("sure", "balanced", "thorough")]
    assert counts == sorted(counts)
    for limit in limits.values():
        flagged = label_score.double() < limit.below
        assert int(flagged.sum()) == limit.num_flagged
        if limit.num_flagged:
            assert limit.expected_precision == pytest.approx(
                (1 - label_score[flagged]).mean().item(), rel=1e-4
            )
