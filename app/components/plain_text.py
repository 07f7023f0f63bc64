"""Texts of files and people inside Streamlit's Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_\[\]$~<>#|]|:(?=\w))")


def plain(text: str) -> str:
    r"""Return Markdown that shows a text as it stands: no emphasis, links, formulas or colours out of it.

    Example:
        >>> plain("costs $5, *really*")
        'costs \\$5, \\*really\\*'
    """
    return _MARKS.sub(r"\\\1", text)
