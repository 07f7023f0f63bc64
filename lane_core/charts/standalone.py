"""Figures for a page of their own, without Streamlit: what plotly draws, as text to put into a file."""

from __future__ import annotations

import json
import re

# Figure goes on from here to rooms that pass figures on and do not draw.
from plotly.graph_objects import Figure as Figure
from plotly.offline import get_plotlyjs

_TURNS_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters in a name that would turn round all that follows them in a label or tooltip."""


def plotly_script() -> str:
    """Return plotly.js, 4.8 MB of JavaScript without a request to any other machine until a map is drawn."""
    script: str = get_plotlyjs()
    return script


def figure_json(figure: Figure) -> str:
    """Return a figure as JSON that may stand inside a ``<script>`` element.

    Plotly's own colours of background, axes and words are left out: the page sets those of the reader's light or dark
    scheme.
    """
    content = json.loads(figure.to_json())
    content["layout"].pop("template", None)
    for trace in content["data"]:
        # WebGL leaves blurred pixels on paper, and few points need none.
        trace["type"] = trace["type"].removesuffix("gl")
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # Data may hold "</script>" or "<!--"; inside a string of JSON these are the same characters.
    return (
        _TURNS_DIRECTION.sub("\N{REPLACEMENT CHARACTER}", text)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
    )
