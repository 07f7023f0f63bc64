"""A translation model of one layer and 16 numbers, built in code: its sentences mean nothing."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoTokenizer, BartConfig, BartForConditionalGeneration

from tests.tiny_encoder import write_tiny_encoder


def write_tiny_translator(folder: Path, seed: int) -> Path:
    """Write a randomly drawn sequence-to-sequence model with the tiny encoder's tokenizer into ``folder``."""
    write_tiny_encoder(folder, num_layers=1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    generator_state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = BartForConditionalGeneration(
        BartConfig(
            vocab_size=len(tokenizer),
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_position_embeddings=64,
            init_std=1.0,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=3,
            decoder_start_token_id=3,
            forced_eos_token_id=3,
        )
    )
    model.generation_config.max_length = 12
    model.save_pretrained(folder)
    torch.set_rng_state(generator_state)
    return folder
