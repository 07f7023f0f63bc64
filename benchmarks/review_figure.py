"""The figure of the simulated annotator: plotly draws it, Chromium takes its picture."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from playwright.sync_api import sync_playwright

from lane_core.errors import LaneError
from lane_core.files import replace_file

WIDTH, HEIGHT = 840, 480
SHOWN_SHARE = 0.25
"""The axis ends here: nobody reviews more of a file whose wrong labels are an eighth."""
STYLES = (
    ("#0d9488", "solid", 3),
    ("#d97706", "dash", 2),
    ("#8b5cf6", "dot", 2),
    ("#475f80", "longdash", 2),
    ("#dc2626", "dashdot", 2),
    ("#808080", "solid", 1),
)
"""Colour, dash and width in pixels of each curve; the dash tells curves apart without the colour."""


def write_curves(path: Path, curves: Mapping[str, npt.NDArray[np.float64]], wrong_share: float) -> None:
    """Draw the share of errors found over the share reviewed.

    Args:
        path: PNG file, replaced if it is there.
        curves: Name -> share of errors found after 0, 1, ... N examples.
        wrong_share: Share of labels that are wrong: no order finds all of them sooner.
    """
    figure = go.Figure()
    for (name, curve), (colour, dash, width) in zip(curves.items(), STYLES, strict=False):
        reviewed = np.linspace(0, 1, len(curve))
        line = {"color": colour, "dash": dash, "width": width}
        figure.add_scatter(x=reviewed, y=curve, name=name, mode="lines", line=line)
    figure.add_vline(
        wrong_share,
        line={"color": "#808080", "width": 1, "dash": "dot"},
        annotation_text="as many as are wrong",
    )
    figure.update_xaxes(title="share of the data reviewed", range=[0, SHOWN_SHARE], tickformat=".0%")
    figure.update_yaxes(title="share of the wrong labels found", range=[0, 1], tickformat=".0%")
    figure.update_layout(
        template="plotly_white",
        width=WIDTH,
        height=HEIGHT,
        margin={"l": 64, "r": 16, "t": 24, "b": 56},
        legend={"x": 0.98, "y": 0.3, "xanchor": "right", "yanchor": "bottom"},
    )
    picture = _picture(figure)
    replace_file(path, lambda temporary: temporary.write_bytes(picture))


def _picture(figure: go.Figure) -> bytes:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise LaneError("The figure needs chromium on the path: install Debian's package chromium.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        html = Path(folder) / "figure.html"
        figure.write_html(html, include_plotlyjs=True, config={"displayModeBar": False})
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH + 16, "height": HEIGHT + 16}, device_scale_factor=2)
        page.goto(html.as_uri())
        picture: bytes = page.locator(".main-svg").first.locator("xpath=..").screenshot()
        browser.close()
    return picture
