"""Texts of files and people inside Streamlit's Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_\[\]$~<>#|]|:(?=\w))")
_ADDRESS_OR_EMOJI = re.compile(r"(https?(?=://)|www(?=\.)|@(?=\w)|:(?=[\w+-]+:))", re.IGNORECASE)
_NOT_STORABLE = re.compile("[\ud800-\udfff\x00]")
_WORD_JOINER = "\u2060"  # has no width, and no line breaks at it


def plain(text: str) -> str:
    r"""Return Markdown that shows a text as it stands: no emphasis, links, formulas or colours out of it.

    No mark keeps Streamlit from making a link of an address, or a picture of ``:smile:``; a character that nobody
    sees does.

    Example:
        >>> plain("costs $5, *really*")
        'costs \\$5, \\*really\\*'
    """
    return _MARKS.sub(r"\\\1", _ADDRESS_OR_EMOJI.sub(rf"\1{_WORD_JOINER}", text))


def storable(text: str) -> str:
    r"""Return a text that somebody typed as the database can hold it: half characters and NUL give way to "�".

    Example:
        >>> storable("a\ud800b\x00c")
        'a�b�c'
    """
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
