"""Texts of files and people on their way into HTML and Markdown that others open."""

from __future__ import annotations

import re
from html import escape

_UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, marks that turn the direction of all that follows, and halves of characters."""
_MARKS = re.compile(r"([\\`*_\[\]<>&#|~$])")
_STARTS_A_BLOCK = re.compile(r"^(?=[-+=])|^(\d+)(?=[.)])")
_LINKED_OR_CALLED = re.compile(r"(https?(?=://)|ftp(?=://)|\bwww(?=\.)|@(?=\w)|:(?=[\w+-]+:))", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # has no width


def one_line(text: str, limit: int | None = None) -> str:
    r"""Return a text on one line, without characters that would change how the rest of the page is shown.

    Args:
        text: Whatever stood in a file.
        limit: At most so many characters, the ellipsis not counted; None = all.

    Example:
        >>> one_line("two\nlines,\x1b[31m red", limit=9)
        'two lines…'
    """
    words = " ".join(_UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text).split())
    return words if limit is None or len(words) <= limit else f"{words[:limit].rstrip(' ,')}…"


def html_text(text: str) -> str:
    """Return HTML that shows a text as it stands, also inside an attribute in quotation marks.

    Example:
        >>> html_text('<b> & "c"')
        '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return escape(one_line(text))


def markdown_text(text: str) -> str:
    r"""Return GitHub's Markdown that shows a text as it stands: no marks, HTML, cells, links or people called by it.

    No mark keeps an address from becoming a link, or ``@name`` from calling somebody; a character without width does.

    Example:
        >>> markdown_text("a|b `c` <d>\n*e*")
        'a\\|b \\`c\\` \\<d\\> \\*e\\*'
    """
    line = _LINKED_OR_CALLED.sub(rf"\1{_WORD_JOINER}", one_line(text))
    return _MARKS.sub(r"\\\1", line)


def markdown_paragraph(text: str) -> str:
    r"""Return a text as ``markdown_text`` does, for the beginning of a line: no list or heading begins with it.

    Example:
        >>> markdown_paragraph("- a"), markdown_paragraph("1. b")
        ('\\- a', '1\\. b')
    """
    return _STARTS_A_BLOCK.sub(r"\1\\", markdown_text(text))
