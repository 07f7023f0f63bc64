"""Back-translation by two translation models on this machine, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from lane_core.errors import ConfigError

NUM_BEAMS = 4
BATCH_SIZE = 32


class BackTranslator:
    """Translates into a pivot language with one model and back with another, by beam search.

    Made for pairs of one direction each, such as OPUS-MT en-de and de-en (whose tokenizer needs the package
    ``sentencepiece``). Models are loaded at the first text, and only from this machine: nothing here
    asks the model hub, so nothing waits for it. How many word pieces are read and written is
    the models' own setting. The same texts give the same translations on the same machine; a text's
    neighbours in its batch can change the last bits of a score, and with them a tie.
    """

    def __init__(self, forward: str, backward: str, device: str = "cpu") -> None:
        """Name the models.

        Args:
            forward: Folder of the model into the pivot language, or its name if it was downloaded before.
            backward: The same for the way back.
            device: cpu, cuda or cuda:<n>.
        """
        self.device = device
        self.fingerprint = f"models {forward} and {backward}, {NUM_BEAMS} beams"
        self._names = (forward, backward)

    def back_translate(self, texts: Sequence[str], ids: Sequence[str]) -> list[str | None]:
        """Return each text's translation there and back; None for blank ones. ``ids`` play no part.

        Raises:
            ConfigError: If a model cannot be loaded from this machine.
        """
        filled = [at for at, text in enumerate(texts) if text.strip()]
        results: list[str | None] = [None] * len(texts)
        spoken = [texts[at] for at in filled]
        for model in self._models:
            spoken = model.translate(spoken)
        for at, text in zip(filled, spoken, strict=True):
            results[at] = text.strip() or None
        return results

    @cached_property
    def _models(self) -> tuple[_TranslationModel, _TranslationModel]:
        forward, backward = (_TranslationModel(name, self.device) for name in self._names)
        return forward, backward


class _TranslationModel:
    def __init__(self, name: str, device: str) -> None:
        self.device = device
        self.tokenizer, self.model = _load(name)
        self.model.to(device)

    def translate(self, texts: list[str]) -> list[str]:
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # little padding
        results = [""] * len(texts)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            inputs = self.tokenizer(
                [texts[at] for at in batch], return_tensors="pt", padding=True, truncation=True
            ).to(self.device)
            rows = self.model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                num_beams=NUM_BEAMS,
                do_sample=False,
            )
            spoken = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
            for at, text in zip(batch, spoken, strict=True):
                results[at] = text
        return results


def _load(name: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        model = AutoModelForSeq2SeqLM.from_pretrained(name, dtype="float32", **options)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"The translation model {name!r} could not be loaded from this machine: {first_line[:300]} "
            "Give a folder that holds config.json, weights and a tokenizer, download the model first "
            "(`hf download NAME`), or bring a table of translations (CSV: id, text)."
        ) from error
    model.eval()
    return tokenizer, model
