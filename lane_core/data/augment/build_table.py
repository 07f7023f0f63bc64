"""Derive the synonym table from a WordNet 3.0 database folder: done once, by hand; the result is in the tree.

    python -m lane_core.data.augment.build_table WORDNET_FOLDER

The folder holds index.*, data.*, *.exc and cntlist.rev as Princeton publishes them. Formats: wndb(5WN) and
senseidx(5WN), https://wordnet.princeton.edu/documentation. The README beside this file says what is kept.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lane_core.data.augment.synonym_table import TABLE_PATH
from lane_core.files import replace_file

PARTS = ("noun", "verb", "adj", "adv")
"""Parts of speech, as WordNet names its files."""
UNCHANGED_PASTS = ("broadcast", "burst", "cast", "cost", "forecast", "hurt", "read", "spread", "thrust")
"""Verbs whose past is the lemma itself, which WordNet's list of exceptions leaves out."""
SENSE_KEY_PARTS = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
"""The digit after % in a sense key; 5 is an adjective that hangs on another."""

TableJson = dict[str, dict[str, dict[str, str]] | dict[str, dict[str, int]]]


def build_table(folder: Path) -> TableJson:
    """Return the table of a WordNet folder.

    Returns:
        ``synonyms``: part -> lemma -> one group a sense, most frequent sense first, joined by "|"; a group
        is single-word synonyms joined by spaces, and may be empty. ``tagged``: part -> lemma -> number of
        uses in WordNet's sense-tagged texts. ``irregular``: part -> inflected form -> lemma.
    """
    return {
        "synonyms": {part: _synonyms(folder, part) for part in PARTS},
        "tagged": _tagged(folder),
        "irregular": {part: _irregular(folder, part) for part in PARTS},
    }


def write_table(table: TableJson, path: Path) -> None:
    """Write the table as JSON in gzip, the same bytes for the same table."""
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    # mtime=0: gzip would otherwise store the time of day.
    replace_file(path, lambda temporary: temporary.write_bytes(gzip.compress(text.encode(), 9, mtime=0)))


def is_plain(word: str) -> bool:
    """Whether a lemma is one lower-case word of letters: no compound, proper name, number or abbreviation."""
    return word.isascii() and word.isalpha() and word.islower()


def _synonyms(folder: Path, part: str) -> dict[str, str]:
    members = dict(_synsets(folder / f"data.{part}"))
    found = {}
    for fields in _records(folder / f"index.{part}"):
        lemma, num_senses = fields[0], int(fields[2])
        if not is_plain(lemma):
            continue
        groups = [
            " ".join(word for word in members[offset] if word != lemma and is_plain(word))
            for offset in fields[-num_senses:]
        ]
        if any(groups):
            found[lemma] = "|".join(groups).rstrip("|")
    return found


def _synsets(path: Path) -> Iterator[tuple[str, list[str]]]:
    for fields in _records(path):
        words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        # Adjectives may carry their position: "galore(ip)".
        yield fields[0], [re.sub(r"\(\w+\)$", "", word) for word in words]


def _tagged(folder: Path) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {part: Counter() for part in PARTS}
    for fields in _records(folder / "cntlist.rev"):
        lemma, _, rest = fields[0].partition("%")
        if is_plain(lemma):
            counts[SENSE_KEY_PARTS[rest[0]]][lemma] += int(fields[2])
    return {part: {lemma: uses for lemma, uses in counts[part].items() if uses} for part in PARTS}


def _irregular(folder: Path, part: str) -> dict[str, str]:
    pairs = (fields[:2] for fields in _records(folder / f"{part}.exc") if len(fields) > 1)
    found = {form: lemma for form, lemma in pairs if is_plain(form) and is_plain(lemma)}
    return found | {verb: verb for verb in UNCHANGED_PASTS} if part == "verb" else found


def _records(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="latin-1") as stream:
        for line in stream:
            if not line.startswith("  "):  # the licence at the head of a file is indented
                yield line.split(" | ")[0].split()


if __name__ == "__main__":
    write_table(build_table(Path(sys.argv[1])), TABLE_PATH)
