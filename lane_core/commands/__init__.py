"""The commands of ``python -m lane_core``, one file a family: each adds its parsers and runs what they understood."""
