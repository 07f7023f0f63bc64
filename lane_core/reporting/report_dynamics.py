"""How the training of a run went, and what it says about single labels: margins, weights, data map, losses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lane_core.charts.alm_fit import alm_fit
from lane_core.charts.alm_histogram import TAIL
from lane_core.charts.data_map import Borders, data_map
from lane_core.charts.losses import f1_curves, loss_curves
from lane_core.charts.weights import weight_curves
from lane_core.evidence.cartography import regions
from lane_core.reporting.report import Part, ReportChart, ReportSection, ReportTable
from lane_core.reporting.report_numbers import count, decimals, share
from lane_core.reporting.report_source import ReportSource
from lane_core.runs.cartography import read_cartography
from lane_core.store import dynamics_queries, run_queries

MOST_POINTS = 3_000
"""Points of the data map: what a page that is sent on and printed still draws at once."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def dynamics_section(source: ReportSource) -> ReportSection:
    """Return how the training went; a figure without numbers behind it is left out."""
    charts = (_margins(source), _weights(source), *_data_map(source), _losses(source), _f1(source))
    return ReportSection(
        "dynamics",
        "Training dynamics",
        "Labels that the model keeps contradicting while it learns have low margins; those weigh less in the training.",
        tuple(part for part in charts if part is not None),
    )


def _margins(source: ReportSource) -> ReportChart | None:
    run_id = source.run.run_id
    alm = run_queries.alm_values(source.store, run_id, source.epoch)
    span = dynamics_queries.alm_span(source.store, run_id, TAIL)
    if span is None or not len(alm):
        return None
    mu, sigma = (_known(source.metrics.iloc[-1][name]) for name in ("mu", "sigma"))
    numbers = {
        "Training examples": len(alm),
        "ALM below 0": float((alm < 0).mean()),
        "μ": mu,
        "σ": sigma,
        "ALM below μ": None if mu is None else float((alm < mu).mean()),
        **{f"{level * 100:.0f} % lie below": float(np.quantile(alm, level)) for level in _QUANTILES},
    }
    formats = {**dict.fromkeys(numbers, decimals), "Training examples": count, "ALM below 0": share}
    return ReportChart(
        alm_fit(alm, mu, sigma, source.epoch, span),
        f"Average label-aware margins (ALM) of the training examples after epoch {source.epoch}, and the weight that "
        "each has in the training.",
        ReportTable(
            "The distribution of the margins (logits)",
            pd.DataFrame([numbers]),
            {**formats, "ALM below μ": share},
        ),
    )


def _weights(source: ReportSource) -> ReportChart | None:
    bands = dynamics_queries.weight_bands(source.store, source.run.run_id)
    if bands.empty:
        return None
    table = pd.DataFrame(
        {
            "Epoch": bands["epoch"],
            "Labels": np.where(bands["is_flagged"], "flagged", "not flagged"),
            "Examples": bands["num_examples"],
            "Mean weight": bands["mean"],
            "10th percentile": bands["low"],
            "90th percentile": bands["high"],
        }
    )
    formats = dict.fromkeys(("Mean weight", "10th percentile", "90th percentile"), decimals)
    return ReportChart(
        weight_curves(bands),
        "How much labels weigh in the training, epoch by epoch, apart by whether the strictness “balanced” flags them.",
        ReportTable("Training weights", table, {**formats, "Epoch": count, "Examples": count}),
    )


def _data_map(source: ReportSource) -> tuple[Part, ...]:
    run_id = source.run.run_id
    found = read_cartography(source.run_dir, run_queries.stored_epochs(source.store, run_id))
    results = dynamics_queries.training_results(source.store, run_id)
    if found is None or results.empty:
        return ()
    at = results["index"].to_numpy()
    points = pd.DataFrame(
        {
            "confidence": found.confidence[at],
            "variability": found.variability[at],
            "correctness": found.correctness[at],
            "is_flagged": results["is_flagged"].to_numpy(dtype=bool),
        }
    )
    thirds = regions(points["confidence"].to_numpy(), points["variability"].to_numpy())
    named = {"hard to learn": thirds.hard, "ambiguous": thirds.ambiguous, "easy to learn": thirds.easy}
    parts = {name: points[is_in] for name, is_in in named.items()}
    table = pd.DataFrame(
        [
            (
                name,
                len(rows),
                int(rows["is_flagged"].sum()),
                rows["confidence"].mean(),
                rows["variability"].mean(),
            )
            for name, rows in parts.items()
        ],
        columns=["Third", "Examples", "Flagged", "Mean confidence", "Mean variability"],
    )
    borders = Borders.of(points, thirds.hard, thirds.ambiguous, thirds.easy)
    drawn = points if len(points) <= MOST_POINTS else points.sample(MOST_POINTS, random_state=0)
    chart = ReportChart(
        data_map(drawn, borders, len(found.epochs)),
        "The data map: how sure the classifier is of each given label, against how much that changes over the epochs.",
        ReportTable(
            "Thirds of the training examples on the data map",
            table,
            {"Examples": count, "Flagged": count, "Mean confidence": decimals, "Mean variability": decimals},
        ),
    )
    if len(drawn) == len(points):
        return (chart,)
    return (f"The data map draws {len(drawn):,} of {len(points):,} training examples, chosen by lot.", chart)


def _losses(source: ReportSource) -> ReportChart | None:
    losses = run_queries.step_losses(source.store, source.run.run_id)
    if losses.empty:
        return None
    names = {
        "epoch": "Epoch",
        "theta_loss": "Loss θ (nats)",
        "pi_loss": "Loss Π (nats)",
        "contrastive_loss": "Contrastive (nats)",
        "mu": "μ (logits)",
        "sigma": "σ (logits)",
        "num_flagged": "Flagged",
        "clipped_share": "Clipped similarities",
    }
    formats = dict.fromkeys(list(names.values())[1:6], decimals)
    table = ReportTable(
        "Epoch by epoch",
        source.metrics[list(names)].rename(columns=names),
        {**formats, "Epoch": count, "Flagged": count, "Clipped similarities": share},
    )
    return ReportChart(loss_curves(losses), "The losses, step by step.", table)


def _f1(source: ReportSource) -> ReportChart | None:
    curves = f1_curves(source.metrics)
    if curves is None:
        return None
    names = {"epoch": "Epoch", "validation_macro_f1": "Validation", "test_macro_f1": "Test"}
    table = ReportTable(
        "Macro F1 by epoch",
        source.metrics[list(names)].rename(columns=names),
        {"Epoch": count, "Validation": decimals, "Test": decimals},
    )
    return ReportChart(
        curves, "Macro F1 on held-out labels as the run was given them, epoch by epoch.", table
    )


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
