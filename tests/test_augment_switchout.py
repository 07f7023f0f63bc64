"""SwitchOut: how many pieces are switched, which may be, and what may come in."""

from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from lane_core.data.augment.switchout import allowed_ids, special_ids, switch_out, switched_count_probs

SPECIAL = frozenset({0, 1, 2, 3})
ALLOWED = np.arange(1000, 30000)


def test_probabilities_of_a_short_text_by_hand() -> None:
    # exp(-0.8) = 0.449329, exp(-1.6) = 0.201897; each of 1, 0.449329 and 0.201897 by their sum 1.651226
    np.testing.assert_allclose(switched_count_probs(2, 0.8), [0.605611, 0.272118, 0.122271], atol=1e-6)
    np.testing.assert_array_equal(switched_count_probs(0), [1.0])


def test_mean_of_a_long_text_is_0_82() -> None:
    probs = switched_count_probs(200)
    assert probs @ np.arange(201) == pytest.approx(1 / (exp(0.8) - 1), abs=1e-9)
    assert probs @ np.arange(201) == pytest.approx(0.816, abs=0.001)


def test_switched_pieces_follow_that_mean() -> None:
    ids = [2, *range(100, 150), 3]
    generator = np.random.default_rng(0)
    switched = np.array([switch_out(ids, SPECIAL, ALLOWED, generator) for _ in range(4000)])
    counts = (switched != ids).sum(axis=1)
    # Var(n) = 1.48 and n of 50 positions hit one by one: a standard error of 0.024.
    assert counts.mean() == pytest.approx(0.816, abs=0.08)
    # Nothing is switched where every position escapes: for long texts with probability exp(-n), so over n
    # (1 - exp(-0.8)) / (1 - exp(-1.8)) = 0.550671 / 0.834701 = 0.6597.
    assert (counts == 0).mean() == pytest.approx(0.6597, abs=0.03)


def test_special_pieces_stay_and_only_allowed_ones_come() -> None:
    ids = [2, 7, 7, 0, 7, 3, 0]
    generator = np.random.default_rng(1)
    rows = np.array([switch_out(ids, SPECIAL, np.array([9]), generator, tau=0.0) for _ in range(200)])
    assert (rows[:, [0, 3, 5, 6]] == [2, 0, 3, 0]).all()
    assert set(np.unique(rows[:, [1, 2, 4]])) == {7, 9}


def test_texts_without_pieces_come_back() -> None:
    assert switch_out([2, 3], SPECIAL, ALLOWED, np.random.default_rng(0)) == [2, 3]
    assert switch_out([], SPECIAL, ALLOWED, np.random.default_rng(0)) == []


def test_allowed_ids_leave_out_special_and_reserved_pieces(tmp_path: Path) -> None:
    pieces = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused12]", "glad", "##ly", "<unused3>",
              "madeupword0001", "unused", "[unused]", "<extra_id_4>", "[NEWS]"]  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(
            WordLevel({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]")
        ),
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    tokenizer.add_special_tokens({"additional_special_tokens": ["[NEWS]"]})
    assert special_ids(tokenizer) == {0, 2, 3, 4, 5, 14}
    assert allowed_ids(tokenizer).tolist() == [7, 8, 11, 12]
