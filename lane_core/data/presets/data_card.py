"""The README.md of a Hugging Face data set: what it holds, what was done, and what the scores do not say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lane_core.data.cells import printable
from lane_core.data.presets.preset import Audited
from lane_core.records import SPLITS

if TYPE_CHECKING:
    from datasets import DatasetDict

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_LARGER = "10M<n<100M"
_MARKS = re.compile(r"([\\`*_{}\[\]<>!|~$&])")
"""What means something to Markdown inside a line."""
_DECISIONS = (
    ("keep", "kept as it was"),
    ("relabel", "given another label"),
    ("exclude", "excluded"),
    ("flag", "left for a second opinion"),
)
_COLUMNS = """\
| column | meaning |
|---|---|
| `id` | id of the example in the file that came in |
| `text` | the text, unchanged |
| `label` | the label after the review |
| `given_label` | the label as it came |
| `label_score` | how likely the given label is right, 0 to 1, low = likely wrong; empty = not scored |
| `is_label_issue` | whether the run flags the given label |
| `sample_weight` | weight for people who train with weights instead of corrections |

If the file that came in had no split `validation`, that one was drawn by lot from `train`.
"""
_LIMITS = """\
- **The scores are in-sample.** The run that scored the examples was trained on those of the split `train`, wrong
  labels included. A score says which labels to look at first. It measures neither this data set nor any model.
- Labels that nobody looked at are the ones that came in, right or wrong.
- A label in `test` that was corrected with the help of a model may favour models like it. Report results on the labels
  as they came (`given_label`), too.
- A score is about the given label. For an example that was given another label, it does not rate the new one.
"""


def data_card(audited: Audited, splits: DatasetDict) -> str:
    """Return the card, with a YAML header that the hub reads: features, class names, size."""
    counts = {split: len(part) for split, part in splits.items()}
    return "\n".join(
        [
            f"---\n{_header(audited, splits, sum(counts.values()))}\n---\n",
            f"# {_plain(audited.name)}\n",
            "Texts with one label each. The labels were audited with LANE Audit, which learns from the margins of each "
            "example over a training run which labels are likely wrong; people decided what becomes of them.\n",
            "## What is in it\n",
            _split_table(audited),
            _COLUMNS,
            f"Classes, numbered in this order: {', '.join(map(_plain, audited.classes))}.\n",
            "## What was done\n",
            _history(audited.manifest),
            "## What the scores do not say\n",
            _LIMITS,
        ]
    )


def _header(audited: Audited, splits: DatasetDict, num_examples: int) -> str:
    from datasets import DatasetInfo
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    header = DatasetCardData(
        pretty_name=printable(audited.name),
        size_categories=[next((size for most, size in _SIZES if num_examples < most), _LARGER)],
        task_categories=["text-classification"],
        tags=["label-audit"],
    )
    first = next(iter(splits.values()))
    DatasetInfosDict(default=DatasetInfo(features=first.features)).to_dataset_card_data(header)
    return header.to_yaml().strip()


def _split_table(audited: Audited) -> str:
    frame = audited.frame
    lines = ["| split | examples | labels changed | flagged |", "|---|---|---|---|"]
    for split in SPLITS:
        part = frame[frame["split"] == split]
        if not len(part):
            continue
        changed = int((part["final_label"] != part["given_label"]).sum())
        flagged = int(part["is_label_issue"].fillna(False).astype("bool").sum())
        lines.append(f"| {split} | {len(part):,} | {changed:,} | {flagged:,} |")
    return "\n".join(lines) + "\n"


def _history(manifest: Mapping[str, object]) -> str:
    """Return what the manifest says, a line each; what it does not hold is left out."""
    lines = [
        f"- {words}: {_plain(str(value))}" for words, value in _facts(manifest) if value not in (None, "", {})
    ]
    return "\n".join(lines) + "\n"


def _facts(manifest: Mapping[str, object]) -> list[tuple[str, object]]:
    rows = manifest.get("num_rows")
    decided = manifest.get("decisions")
    found: Any = decided if isinstance(decided, Mapping) else {}
    decisions = ", ".join(f"{found[action]:,} {words}" for action, words in _DECISIONS if found.get(action))
    return [
        ("File that came in", manifest.get("source")),
        ("Its SHA-256", manifest.get("source_sha256")),
        ("Rows in it", f"{rows:,}" if isinstance(rows, int) else rows),
        ("Encoder of the run", manifest.get("encoder")),
        ("Epochs, seed", _joined(manifest, "epochs_done", "seed")),
        ("Labels flagged", _joined(manifest, "num_flagged", "strictness")),
        (
            "Wrong labels, as the run estimates (too low if labels were corrected before it)",
            _share(manifest.get("estimated_noise_rate")),
        ),
        ("Of the flagged, wrong as expected", _share(manifest.get("expected_precision"))),
        ("Decisions of people", decisions or "none"),
        ("Version", manifest.get("lane_audit_version")),
        ("Written", manifest.get("written_at")),
    ]


def _joined(manifest: Mapping[str, object], *names: str) -> str:
    return ", ".join(str(manifest[name]) for name in names if manifest.get(name) is not None)


def _share(value: object) -> str | None:
    return f"{value:.1%}" if isinstance(value, float) else None


def _plain(text: str) -> str:
    """Return a text of one line that Markdown shows as it is."""
    return _MARKS.sub(r"\\\1", " ".join(printable(text).split()))
