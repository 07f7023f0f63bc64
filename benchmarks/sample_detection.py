"""How well a run finds the planted errors of the sample: precision of its 100 worst labels, average precision.

    python benchmarks/sample_detection.py audit-output/audit.csv

Reads what ``python -m lane_core audit sample_data/emotions.csv --output audit-output`` wrote, and the truth, which no
method reads.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.metrics import average_precision_score

TRUTH = Path(__file__).resolve().parent.parent / "sample_data" / "emotions_truth.csv"


def main(audit_file: str) -> None:
    """Print the figures of all rows and of the training rows."""
    audited = pd.read_csv(audit_file, dtype={"id": str}).merge(pd.read_csv(TRUTH, dtype=str), on="id")
    audited["is_wrong"] = audited["label"] != audited["true_label"]
    audited["suspicion"] = -audited["label_score"]
    for name, rows in (("all rows", audited), ("training rows", audited[audited["split"] == "train"])):
        worst = rows.nlargest(100, "suspicion")
        flagged = rows[rows["is_label_issue"]]
        found = flagged["is_wrong"].sum()
        wrong = rows[rows["is_wrong"]]
        print(
            f"{name}: {len(rows):,} labels, {len(wrong)} wrong; "
            f"average precision {average_precision_score(rows['is_wrong'], rows['suspicion']):.3f} "
            f"(by -ALM {average_precision_score(rows['is_wrong'], -rows['alm']):.3f}, "
            f"by -AUM {average_precision_score(rows['is_wrong'], -rows['aum']):.3f}); "
            f"wrong among the 100 worst: {worst['is_wrong'].sum()}; "
            f"flagged {len(flagged)}, precision {found / max(len(flagged), 1):.2f}, recall {found / len(wrong):.2f}; "
            f"predicted is true for {(wrong['predicted_label'] == wrong['true_label']).mean():.0%} of the wrong"
        )


if __name__ == "__main__":
    main(sys.argv[1])
