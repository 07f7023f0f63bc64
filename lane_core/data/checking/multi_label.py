"""Cells with several labels: lists, lists written as text, and class names with a sign between them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterable, Sequence

_SEPARATORS = ("|", ";", ",", "/", "+")
_LONGEST_LIST = 10_000
"""Characters; a longer cell that begins with a bracket is a text, and parsing it would take long."""


def listed_labels(cell: str) -> list[object] | None:
    """Return the elements of a list that is written as text, as pandas and JSON write it; None if it is none.

    Example:
        >>> listed_labels("['joy', 'fear']"), listed_labels('["joy"]'), listed_labels("[sic]")
        (['joy', 'fear'], ['joy'], None)
    """
    text = cell.strip()
    if not (text.startswith("[") and text.endswith("]")) or len(text) > _LONGEST_LIST:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, list) and not any(isinstance(part, (list, dict, tuple, set)) for part in found):
            return found
    return None


def as_listed(label: str, cells: Iterable[object]) -> object:
    """Return a label as a file writes it: in a list, or a list as text, if all of its cells are such.

    Example:
        >>> as_listed("joy", [["fear"]]), as_listed("joy", ["['fear']"]), as_listed("joy", ["fear"])
        (['joy'], "['joy']", 'joy')
    """
    known = list(cells)
    if known and all(isinstance(cell, list) for cell in known):
        return [label]
    if known and all(isinstance(cell, str) and listed_labels(cell) is not None for cell in known):
        return repr([label]) if "'" in str(known[0]) else json.dumps([label], ensure_ascii=False)
    return label


def joined_classes(classes: Collection[str]) -> dict[str, Sequence[str]]:
    """Return the class names that are several others with a sign between them, and these others.

    Example:
        >>> joined_classes(["joy", "fear", "joy|fear", "wait, what"])
        {'joy|fear': ['joy', 'fear']}
    """
    known = set(classes)
    found: dict[str, Sequence[str]] = {}
    for name in classes:
        for separator in _SEPARATORS:
            if separator not in name:
                continue
            parts = [part.strip() for part in re.split(re.escape(separator), name)]
            if len(set(parts)) > 1 and all(part in known for part in parts):
                found[name] = parts
                break
    return found
