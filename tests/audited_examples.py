"""Four audited examples for the tests of presets: two for training, one held out, one that the run does not know."""

from __future__ import annotations

import pandas as pd

from lane_core.data import AUDIT_COLUMNS
from lane_core.data.presets.preset import Audited


def audited_examples() -> Audited:
    frame = pd.DataFrame(
        {
            "index": [0, 1, 2, 3],
            "text": ["first", 'a "quoted", text\nof two lines', "=third", "fourth"],
            "split": ["train", "train", "test", "train"],
            "row_id": ["007", "008", "009", "=010"],
            "given_label": ["joy", "anger", "joy", "joy"],
            "predicted_label": ["fear", "anger", "joy", None],
            "suggested_label": ["fear", None, None, None],
            "final_label": ["fear", "anger", "joy", "joy"],
            "is_label_issue": pd.array([True, False, False, None], dtype="boolean"),
            "label_score": [0.1, 0.8, 0.9, None],
            "aum": [-1.0, 2.5, 1.0, None],
        }
    )
    columns = ["index", "text", "split", *AUDIT_COLUMNS]
    return Audited(
        name="Posts",
        classes=("joy", "anger", "fear"),
        frame=frame.reindex(columns=columns),
        annotations=pd.DataFrame(
            {
                "index": [0, 0, 1, 3],
                "annotator": ["ann", "bob", "ann", "bob"],
                "label": ["joy", "anger", "anger", "fear"],
            }
        ),
        dynamics=pd.DataFrame(
            {"index": [0, 1], "confidence": [0.25, 0.75], "variability": [0.125, 0.0], "correctness": [1, 3]}
        ),
        manifest={},
    )
