"""Encoders: the packaged one, local folders, names that are nowhere, and a cut that changes nothing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from lane_core.config import PACKAGED_ENCODER
from lane_core.errors import EncoderError
from lane_core.training import encoder as encoders
from lane_core.training.encoder import UpperLayers, WholeEncoder, load_encoder
from lane_core.training.features import RaggedFeatures, RecomputedFeatures, prepare, shuffled_batches
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

CPU = torch.device("cpu")
TEXTS = ["A short one.", "The parcel was left in the rain again and nobody answers.", "ok"]


def say_nothing(done: int, total: int) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("tiny"))


def test_the_packaged_encoder_knows_meaning() -> None:
    encoder = load_encoder(PACKAGED_ENCODER)
    texts = ["My parcel never arrived.", "The package was not delivered.", "I love this soup recipe."]
    embeddings = prepare(encoder, encoder.tokenize(texts, 64), 3, 0, CPU, say_nothing).embeddings
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    assert unit.shape == (3, 384)
    assert unit[0] @ unit[1] > 0.6 > 0.3 > unit[0] @ unit[2]


@pytest.mark.parametrize("num_upper", [1, 3])
def test_layers_on_cached_states_equal_the_whole_model(num_upper: int) -> None:
    encoder = load_encoder(PACKAGED_ENCODER)
    prepared = prepare(encoder, encoder.tokenize(TEXTS, 64), 3, num_upper, CPU, say_nothing)
    upper = UpperLayers(encoder, num_upper, num_upper).eval()
    with torch.no_grad():
        found = upper(*prepared.features.padded(torch.arange(3))).numpy()
    np.testing.assert_allclose(found, prepared.embeddings, atol=1e-5)


def test_recomputed_states_equal_cached_ones(monkeypatch: pytest.MonkeyPatch, tiny: Path) -> None:
    encoder = load_encoder(str(tiny))
    texts = tiny_texts(20)[0]
    cached = prepare(encoder, encoder.tokenize(texts, 16), 20, 1, CPU, say_nothing).features
    monkeypatch.setattr("lane_core.training.features.CACHE_LIMIT_BYTES", 0)
    recomputed = prepare(encoder, encoder.tokenize(texts, 16), 20, 1, CPU, say_nothing).features
    assert isinstance(cached, RaggedFeatures)
    assert isinstance(recomputed, RecomputedFeatures)
    index = torch.tensor([4, 0, 11])
    (first, mask), (second, same_mask) = cached.padded(index), recomputed.padded(index)
    assert torch.equal(mask, same_mask)
    torch.testing.assert_close(first[mask], second[mask], atol=1e-6, rtol=1e-5)


def test_the_whole_encoder_trains_a_copy(tiny: Path) -> None:
    encoder = load_encoder(str(tiny))
    body = WholeEncoder(encoder)
    ids = torch.tensor([[2, 5, 6, 3]])
    body(ids, torch.ones(1, 4, dtype=torch.bool)).sum().backward()
    assert all(parameter.grad is not None for parameter in body.parameters())
    assert not any(parameter.requires_grad for parameter in encoder.model.parameters())


def test_padding_changes_no_embedding(tiny: Path) -> None:
    encoder = load_encoder(str(tiny))
    texts = ["glad", "glad happy smile sunny laugh delight cheer bright the a router"]
    together = prepare(encoder, encoder.tokenize(texts, 32), 2, 1, CPU, say_nothing)
    upper = UpperLayers(encoder, 1, 1).eval()
    with torch.no_grad():
        pair = upper(*together.features.padded(torch.tensor([0, 1])))
        alone = upper(*together.features.padded(torch.tensor([0])))
    torch.testing.assert_close(pair[:1], alone, atol=1e-5, rtol=1e-5)


def test_long_texts_are_cut(tiny: Path) -> None:
    encoder = load_encoder(str(tiny))
    assert [len(row) for row in encoder.tokenize(["glad " * 50, "glad", ""], 10)] == [10, 3, 2]


def test_a_name_that_is_nowhere_is_an_error_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(EncoderError, match=r"'no-such/encoder' could not be loaded.*use the packaged"):
        load_encoder("no-such/encoder")
    assert time.monotonic() - started < 20


def test_a_hub_that_cannot_be_reached_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    started = time.monotonic()
    with pytest.raises(
        EncoderError, match=r"'no-such/encoder' is not on this machine, and the model hub .* cannot"
    ):
        load_encoder("no-such/encoder")
    assert time.monotonic() - started < 20


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="could not be loaded"):
        load_encoder(str(tmp_path))


def test_other_weights_in_the_package_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="is not the published model: its SHA-256 is 53aa51172d142c89"):
        load_encoder(PACKAGED_ENCODER)


def test_batches_hold_every_training_example_once() -> None:
    lengths = np.random.default_rng(0).integers(3, 40, 101)
    examples = np.arange(0, 101)
    batches = shuffled_batches(examples, lengths, 10, np.random.default_rng(1))
    assert sorted(torch.cat(batches).tolist()) == examples.tolist()
    assert sorted(len(rows) for rows in batches) == [10] * 9 + [11]  # the lonely last one joined another
    again = shuffled_batches(examples, lengths, 10, np.random.default_rng(1))
    assert all(torch.equal(one, other) for one, other in zip(batches, again, strict=True))
    other = shuffled_batches(examples, lengths, 10, np.random.default_rng(2))
    assert not all(torch.equal(one, two) for one, two in zip(batches, other, strict=True))
