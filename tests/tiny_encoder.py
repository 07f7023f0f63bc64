"""A BERT of two layers and 32 numbers with a word tokenizer, built in code: loads and trains in a moment."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

WORDS = {
    "joy": ["glad", "happy", "smile", "sunny", "laugh", "delight", "cheer", "bright"],
    "fear": ["afraid", "scared", "dark", "shiver", "panic", "threat", "danger", "alarm"],
    "anger": ["furious", "rage", "blame", "shout", "unfair", "slam", "outrage", "fuming"],
}
FILLERS = [
    "the",
    "a",
    "router",
    "bike",
    "train",
    "parcel",
    "my",
    "your",
    "was",
    "is",
    "on",
    "with",
    "for",
    "and",
    "it",
]


def write_tiny_encoder(folder: Path, num_layers: int = 2) -> Path:
    """Write a randomly drawn, always equal model and its tokenizer into ``folder``."""
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *FILLERS,
        *(word for group in WORDS.values() for word in group),
    ]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    generator_state = torch.get_rng_state()
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=num_layers,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    )
    model.save_pretrained(folder)
    torch.set_rng_state(generator_state)
    return folder


def tiny_texts(num_examples: int = 60) -> tuple[list[str], list[str]]:
    """Return separable texts and their true labels, always the same."""
    names = sorted(WORDS)
    texts, labels = [], []
    for number in range(num_examples):
        label = names[number % len(names)]
        own = WORDS[label]
        filler = FILLERS[number % len(FILLERS)]
        second = own[(number // 3 + 3) % len(own)]
        texts.append(
            f"{filler} {own[number // 3 % len(own)]} {second} {FILLERS[(number * 7) % len(FILLERS)]}"
        )
        labels.append(label)
    return texts, labels
