"""The synonym table: how it is derived from WordNet's files, and what the shipped one holds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from lane_core.data.augment.build_table import build_table, write_table
from lane_core.data.augment.synonym_table import TABLE_PATH, shipped_table

LICENCE_LINE = "  1 This software and database is being provided to you, the LICENSEE, by  \n"


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    """A WordNet of a dozen words in the published format: offset, file, type, count, words, pointers, gloss."""
    files = {
        # car: sense 1 auto, machine, Ford and motor_car; sense 2 nobody else; sense 3 gondola.
        "index.noun": "car n 3 0 3 1 00000001 00000002 00000003\nauto n 1 0 1 1 00000001\n"
        "ice_cream n 1 0 1 0 00000004\ncat n 1 0 1 0 00000004\n",
        "data.noun": "00000001 06 n 05 car 0 auto 0 machine 0 Ford 0 motor_car 0 000 | a vehicle | with wheels\n"
        "00000002 06 n 01 car 2 000 | of an elevator\n00000003 06 n 02 car 1 gondola 0 000 | of an airship\n"
        "00000004 06 n 02 ice_cream 0 cat 0 000 | not really\n",
        "noun.exc": "geese goose\n",
        "index.verb": "ask v 1 0 1 1 00000001\n",
        "data.verb": "00000001 32 v 02 ask 0 inquire 0 001 @ 00000009 v 0000 02 + 02 00 + 26 03 | put a question\n",
        "verb.exc": "went go\n",
        "index.adj": "rich a 1 0 1 0 00000001\n",
        "data.adj": "00000001 00 s 03 rich 0 galore(ip) 0 well-off 0 000 | plenty\n",
        "adj.exc": "",
        "index.adv": "soon r 1 0 1 0 00000001\n",
        "data.adv": "00000001 02 r 01 soon 0 000 | in a while\n",
        "adv.exc": "",
        "cntlist.rev": "auto%1:06:00:: 1 2\ncar%1:06:00:: 1 71\ncar%1:06:02:: 3 2\n"
        "rich%5:00:00:: 1 4\nx%1:06:00:: 1 0\n",
    }
    for name, text in files.items():
        head = LICENCE_LINE if name.startswith(("index", "data")) else ""
        (tmp_path / name).write_text(head + text, encoding="latin-1")
    return tmp_path


def test_synonyms_are_single_lower_case_words_grouped_by_sense(wordnet: Path) -> None:
    synonyms = build_table(wordnet)["synonyms"]
    assert synonyms == {
        "noun": {"car": "auto machine||gondola", "auto": "car machine"},
        "verb": {"ask": "inquire"},
        "adj": {"rich": "galore"},
        "adv": {},
    }


def test_uses_are_summed_over_senses_and_irregular_forms_kept(wordnet: Path) -> None:
    table = build_table(wordnet)
    assert table["tagged"] == {"noun": {"auto": 2, "car": 73}, "verb": {}, "adj": {"rich": 4}, "adv": {}}
    assert table["irregular"]["noun"] == {"geese": "goose"}
    assert table["irregular"]["verb"]["went"] == "go"
    assert table["irregular"]["verb"]["cost"] == "cost"  # its past is itself: WordNet lists no such verb


def test_the_same_table_gives_the_same_bytes(wordnet: Path, tmp_path: Path) -> None:
    table = build_table(wordnet)
    write_table(table, tmp_path / "one.gz")
    write_table(dict(reversed(table.items())), tmp_path / "two.gz")
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    assert json.loads(gzip.decompress((tmp_path / "one.gz").read_bytes())) == table


def test_the_shipped_table_is_wordnet_3_0_with_its_licence_beside_it() -> None:
    table = shipped_table()
    sizes = {part: len(lemmas) for part, lemmas in table.synonyms.items()}
    assert sizes == {"noun": 25238, "verb": 6301, "adj": 11529, "adv": 1912}  # 44,980, as the README says
    assert table.synonyms["noun"]["car"] == "auto automobile machine motorcar|railcar|gondola"
    assert table.tagged["noun"]["car"] == 73
    licence = TABLE_PATH.with_name("WORDNET_LICENSE").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in licence
